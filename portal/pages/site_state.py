"""What the portal stands on: its folders and its database, as far as that is cheap to ask."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

__all__ = ["Database", "Disk", "database", "disks"]


@dataclass(frozen=True)
class Disk:
    """The file system that some folders are on; all in bytes."""

    folders: Sequence[str]
    total: int
    used: int
    free: int

    @property
    def used_percent(self) -> float:
        """How full it is."""
        return 100 * self.used / (self.total or 1)


@dataclass(frozen=True)
class Database:
    """The kind of the database, and its size in bytes (None where it does not tell)."""

    kind: str
    size: int | None


def disks() -> list[Disk]:
    """Return the file systems of the data folder and the raw data; a folder that is away is left out."""
    found: dict[int, tuple[list[str], Path]] = {}
    for folder in dict.fromkeys([settings.DATA_FOLDER, *settings.RAW_ROOTS]):
        try:
            device = folder.stat().st_dev
        except OSError:
            continue
        found.setdefault(device, ([], folder))[0].append(str(folder))
    return [Disk(names, *shutil.disk_usage(folder)) for names, folder in found.values()]


def database() -> Database:
    """Return what the portal's rows are in."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            (size,) = cursor.fetchone()
        return Database("PostgreSQL", size)
    if connection.vendor == "sqlite":
        file = Path(str(connection.settings_dict["NAME"]))
        parts = (file, file.with_name(f"{file.name}-wal"))
        return Database("SQLite", sum(part.stat().st_size for part in parts if part.is_file()))
    return Database(connection.display_name, None)
