"""How much an investigation holds: numbers of datasets and files, bytes, techniques."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Sum

from portal.catalogue.models import Dataset, Investigation

__all__ = ["COUNTED_DATASETS", "SampleTotals", "Totals", "totals_of", "totals_of_samples"]

# A page waits for the count, so it ends here; real investigations have some hundred datasets.
COUNTED_DATASETS = 20_000


@dataclass
class Totals:
    """Of all datasets of an investigation, or, where ``is_capped``, of the newest ones alone.

    ``techniques`` are those of the measured datasets: acronym or name by primary key.
    """

    n_measured: int = 0
    n_results: int = 0
    n_files: int = 0
    size_bytes: int = 0
    is_capped: bool = False
    techniques: dict[int, str] = field(default_factory=dict)


@dataclass
class SampleTotals:
    """Of one sample; ``size_bytes`` is that of the measured datasets."""

    n_measured: int = 0
    n_results: int = 0
    size_bytes: int = 0
    techniques: list[str] = field(default_factory=list)


def totals_of(investigation: Investigation, *, most: int = COUNTED_DATASETS) -> Totals:
    """Return how much an investigation holds: one query, which looks at ``most`` datasets."""
    newest = investigation.datasets.order_by("-id").values("pk")[: most + 1]
    groups = (
        Dataset.objects.filter(pk__in=newest)
        .values("type", "technique", "technique__acronym", "technique__name")
        .annotate(n=Count("id"), n_files=Sum("file_count"), size=Sum("size_bytes"))
        .order_by("technique__name")
    )
    totals, counted = Totals(), Counter[str]()
    for group in groups:
        counted[group["type"]] += group["n"]
        totals.n_files += group["n_files"]
        totals.size_bytes += group["size"]
        if group["technique"] and group["type"] == Dataset.Type.ACQUISITION:
            totals.techniques[group["technique"]] = group["technique__acronym"] or group["technique__name"]
    totals.n_measured = counted[Dataset.Type.ACQUISITION]
    totals.n_results = counted[Dataset.Type.PROCESSED]
    totals.is_capped = counted.total() > most
    return totals


def totals_of_samples(samples: Sequence[int]) -> Mapping[int, SampleTotals]:
    """Return the totals of the samples with these primary keys, those without datasets included."""
    groups = (
        Dataset.objects.filter(sample__in=samples)
        .values("sample", "type", "technique__acronym")
        .annotate(n=Count("id"), size=Sum("size_bytes"))
        .order_by("technique__acronym")
    )
    totals = {sample: SampleTotals() for sample in samples}
    for group in groups:
        of_sample = totals[group["sample"]]
        if group["type"] == Dataset.Type.PROCESSED:
            of_sample.n_results += group["n"]
            continue
        of_sample.n_measured += group["n"]
        of_sample.size_bytes += group["size"]
        if group["technique__acronym"]:
            of_sample.techniques.append(group["technique__acronym"])
    return totals
