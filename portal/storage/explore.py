"""Looking into HDF5 files: the web server never opens one itself, it asks a reader process."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db.models import Q, QuerySet

from portal.catalogue.errors import NotFound
from portal.catalogue.models import Datafile
from portal.storage.paths import path_of, readable_roots
from processing.reader.client import Answer, Limits, Readers

__all__ = ["HDF5_ENDINGS", "ask_file", "explorable_files", "is_explorable"]

HDF5_ENDINGS = (".h5", ".hdf5", ".nxs")

_readers = Readers(
    Limits(
        max_bytes=settings.EXPLORE_LIMIT_BYTES,
        memory_limit_bytes=settings.EXPLORE_MEMORY_LIMIT_BYTES,
        time_limit_s=settings.EXPLORE_TIME_LIMIT_S,
    ),
    most=settings.EXPLORE_READERS,
)


def ask_file(datafile: Datafile, question: str, query: Mapping[str, Sequence[str]]) -> Answer:
    """Ask a question of ``processing.nexus.questions`` about a registered file.

    Links inside the file are followed to the files of its own dataset and no further. Whoever may see the
    file may ask.
    """
    try:
        path, roots = path_of(datafile), readable_roots(datafile.dataset)
    except NotFound as error:
        return Answer(404, message=f"File not found: {error.message}")
    try:
        return _readers.ask(question, path, query, roots=roots)
    except ChildProcessError:
        return Answer(503, message="No file can be read at the moment; try again.")


def is_explorable(datafile: Datafile) -> bool:
    """Whether a file's name says that it is HDF5."""
    return datafile.name.lower().endswith(HDF5_ENDINGS)


def explorable_files(datafiles: QuerySet[Datafile]) -> QuerySet[Datafile]:
    """Return those of some files whose name says that they are HDF5."""
    is_hdf5 = Q()
    for ending in HDF5_ENDINGS:
        is_hdf5 |= Q(name__iendswith=ending)
    return datafiles.filter(is_hdf5)
