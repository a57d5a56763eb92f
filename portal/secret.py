"""The secret that signs sessions, kept in a file of its own when the environment gives none."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

__all__ = ["kept_secret"]


def kept_secret(path: Path) -> str:
    """Return the secret kept in ``path``, made on the first call.

    The file is readable by its owner only. Two processes that start together agree: the file is
    made whole under another name and linked into place, and the first link wins.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(get_random_secret_key())
        try:
            os.link(own, path)
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return path.read_text()
