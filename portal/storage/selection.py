"""What is downloaded together: some datasets, and their files under the names that they get outside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from portal.catalogue.errors import InvalidInput, NotFound
from portal.catalogue.models import Datafile, Dataset
from portal.storage.names import FolderNames, safe_path

__all__ = ["CHECKSUMS_NAME", "ListedFile", "Selection", "Totals", "chosen", "files_of", "totals"]

CHECKSUMS_NAME = "sha256sums.txt"
# So much is in memory at a time, and no cursor stays open while a slow client reads.
_DATASETS_AT_ONCE = 500
_FILES_AT_ONCE = 5000
_MAX_ID_DIGITS = 18


@dataclass(frozen=True)
class Selection:
    """Datasets that somebody may see, and what their download is called."""

    datasets: QuerySet[Dataset]
    title: str

    def of_type(self, type_: str) -> "Selection":
        """Return those of one ``Dataset.Type`` alone; all of them for an empty text.

        Raises
        ------
        InvalidInput
            There is no such type.
        """
        if not type_:
            return self
        if type_ not in Dataset.Type.values:
            known = " or ".join(Dataset.Type.values)
            raise InvalidInput(f"The type of a dataset is {known}, not {type_[:50]!r}.")
        return Selection(self.datasets.filter(type=type_), f"{self.title}-{type_}")


class Totals(NamedTuple):
    """How much there is of one type of datasets, as it was registered."""

    type: str
    datasets: int
    files: int
    size_bytes: int


class ListedFile(NamedTuple):
    """A registered file. ``name`` is the one it gets outside, ``sha256`` empty while unknown."""

    pk: int
    dataset: Dataset
    registered_name: str
    name: str
    size_bytes: int
    sha256: str


def chosen(visible: QuerySet[Dataset], ids: Sequence[str]) -> Selection:
    """Return the datasets with these ids, as an address has them, among those that a person may see.

    Raises
    ------
    InvalidInput
        An id is no number, or none is given.
    NotFound
        A dataset does not exist, or the person may not know of it; then nothing is downloaded at all,
        because an archive without it would look complete.
    """
    numbers = {_number(text) for text in ids}
    if not numbers:
        raise InvalidInput("No dataset is chosen: name each one as dataset=<its number>.")
    datasets = visible.filter(pk__in=numbers)
    known = datasets.values_list("name", "investigation__name").order_by("pk")
    if len(known) != len(numbers):
        raise NotFound("One of the chosen datasets does not exist, or you may not know of it.")
    if len(known) == 1:
        return Selection(datasets, known[0][0])
    investigations = {investigation for _, investigation in known}
    source = investigations.pop() if len(investigations) == 1 else "selection"
    return Selection(datasets, f"{source}-{len(known)}-datasets")


def totals(selection: Selection) -> list[Totals]:
    """Return how much is chosen of each type; from what was counted at registration, so it is quick."""
    counted = selection.datasets.order_by().values_list("type")
    rows = counted.annotate(n=Count("pk"), files=Sum("file_count"), size=Sum("size_bytes")).order_by("type")
    return [Totals(*row) for row in rows]


def files_of(datasets: QuerySet[Dataset]) -> Iterator[ListedFile]:
    """Yield every registered file, dataset by dataset, by name.

    One query for 500 datasets and one more for 5000 files, so that neither the number of queries nor
    the memory grows with each dataset.
    """
    names = FolderNames(reserved=CHECKSUMS_NAME)
    needed = datasets.select_related("sample").only("name", "location", "sample__name").order_by("pk")
    last = 0
    while page := list(needed.filter(pk__gt=last)[:_DATASETS_AT_ONCE]):
        last = page[-1].pk
        known = {
            dataset.pk: (
                dataset,
                names.folder_for(
                    sample=dataset.sample.name if dataset.sample else "",
                    dataset=dataset.name,
                    number=dataset.pk,
                ),
            )
            for dataset in page
        }
        for pk, dataset_id, name, size, sha256 in _rows(list(known)):
            dataset, folder = known[dataset_id]
            yield ListedFile(pk, dataset, name, f"{folder}/{safe_path(name)}", size, sha256)


def _rows(dataset_ids: list[int]) -> Iterator[tuple[int, int, str, int, str]]:
    rows = (
        Datafile.objects.filter(dataset__in=dataset_ids)
        .order_by("dataset_id", "name")
        .values_list("pk", "dataset_id", "name", "size_bytes", "sha256")
    )
    page = list(rows[:_FILES_AT_ONCE])
    while page:
        yield from page
        if len(page) < _FILES_AT_ONCE:
            return
        _, dataset_id, name, _, _ = page[-1]
        later = Q(dataset_id__gt=dataset_id) | Q(dataset_id=dataset_id, name__gt=name)
        page = list(rows.filter(later, dataset_id__gte=dataset_id)[:_FILES_AT_ONCE])


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_ID_DIGITS):
        raise InvalidInput(f"A dataset is named by its number, not by {text[:50]!r}.")
    return int(text)
