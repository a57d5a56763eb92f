"""The folders of an attempt: staged, then renamed into place, then forgotten.

``staging/<job>/<attempt>`` exists from before the first byte is written until after the row says what
became of the attempt, so it is also the journal: whoever finds one without a live lease knows which
staged and which published files may be left over.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings

from processing.durable import sync

__all__ = ["Attempt"]


class Attempt:
    """Where one attempt of a job writes and publishes."""

    def __init__(self, job_id: UUID | str, number: int) -> None:
        self.job_id, self.number = UUID(str(job_id)), number

    @property
    def folder(self) -> Path:
        """The attempt's own folder, its journal entry."""
        return settings.STAGING_FOLDER / str(self.job_id) / str(self.number)

    @property
    def files(self) -> Path:
        """Where the run writes."""
        return self.folder / "files"

    @property
    def published(self) -> Path:
        """Where the files are once they are renamed."""
        return settings.OUTPUTS_FOLDER / str(self.job_id) / str(self.number)

    @property
    def log(self) -> Path:
        """What the run printed; kept when the attempt is over."""
        return settings.LOGS_FOLDER / str(self.job_id) / f"{self.number}.log"

    def create(self) -> None:
        """Make the folders, empty."""
        self.files.mkdir(parents=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)

    def publish(self) -> Path:
        """Rename the files into place, durably, and return where they are."""
        self.published.parent.mkdir(parents=True, exist_ok=True)
        self.files.rename(self.published)
        for folder in (self.published.parent, settings.OUTPUTS_FOLDER):
            sync(folder)
        return self.published

    def forget(self, *, keep_published: bool) -> None:
        """Remove what is staged, and what was renamed without becoming an output.

        In this order: a worker that lost the job may still be about to rename, and the journal goes last.
        """
        _remove(self.files)
        if not keep_published:
            _remove(self.published)
        _remove(self.folder)

    @classmethod
    def all_staged(cls) -> Iterator["Attempt"]:
        """Yield every attempt that has a folder in staging."""
        for job_folder in sorted(settings.STAGING_FOLDER.iterdir()):
            with suppress(FileNotFoundError, NotADirectoryError, ValueError):
                for folder in sorted(job_folder.iterdir()):
                    yield cls(job_folder.name, int(folder.name))


def _remove(folder: Path) -> None:
    """Remove a folder, and its parent if that is then empty."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()
