"""Several datasets named by an address: ``?dataset=1&dataset=2``, or shorter ``?dataset=1,2``."""

from collections.abc import Iterable
from urllib.parse import urlencode

from django.http import Http404, HttpRequest

from portal.access.rules import datasets_visible_to
from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset

__all__ = ["selected_datasets", "selection_query"]

_LARGEST_ID = 2**63 - 1
_LONGEST_NUMBER = 19


def selected_datasets(request: HttpRequest, *, at_most: int) -> tuple[list[Dataset], int]:
    """Return the named datasets that the visitor may see, as named, and how many others were named.

    Whether these do not exist or may not be known of is not told. They come with their investigation,
    its instrument, their sample and technique.

    Raises
    ------
    InvalidInput
        Nothing or too many are named, or something that is no number.
    Http404
        None of them is there for this visitor.
    """
    words = [word for value in request.GET.getlist("dataset") for word in value.split(",") if word.strip()]
    numbers = list(dict.fromkeys(_number(word) for word in words))
    if not numbers:
        raise InvalidInput("No dataset is selected. Go back to the list and select some.")
    if len(numbers) > at_most:
        raise InvalidInput(f"{len(numbers)} datasets are selected; at most {at_most} can be taken at once.")
    visible = datasets_visible_to(request.user).select_related(
        "investigation__instrument", "sample", "technique"
    )
    found = visible.in_bulk([number for number in numbers if number <= _LARGEST_ID])
    if not found:
        raise Http404
    datasets = [found[number] for number in numbers if number in found]
    return datasets, len(numbers) - len(datasets)


def selection_query(datasets: Iterable[Dataset]) -> str:
    """Return the query that names these datasets, short enough for 500 of them."""
    return urlencode({"dataset": ",".join(str(dataset.pk) for dataset in datasets)}, safe=",")


def _number(word: str) -> int:
    text = word.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise InvalidInput(f"{text[:50]!r} is not the number of a dataset.")
    return int(text)
