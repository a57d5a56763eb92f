"""Which pipelines are offered for which datasets to whom, and why the others are not.

``processing.pipelines`` says what the keywords of a pipeline mean.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from portal.access.rules import Person, parts_in
from portal.catalogue.models import Dataset, InvestigationUser
from portal.jobs.models import Pipeline
from portal.jobs.schema import as_mapping

__all__ = ["Offer", "fitting_pipelines", "misfits", "offers_for"]

Role = InvestigationUser.Role
_PARTICIPANTS = {Role.PRINCIPAL_INVESTIGATOR, Role.PARTICIPANT, Role.LOCAL_CONTACT}
# The roles that descriptors name, and who has them here. Those who help the participants may do what
# the participants may, and staff may do everything.
_ROLES: Mapping[str, set[str]] = {
    "instrumentscientist": {"instrument_scientist"},
    "beamlinescientist": {"instrument_scientist"},
    "localcontact": {Role.LOCAL_CONTACT, "instrument_scientist"},
    "principalinvestigator": {Role.PRINCIPAL_INVESTIGATOR, "instrument_scientist"},
    "investigator": {*_PARTICIPANTS, "instrument_scientist"},
    "participant": {*_PARTICIPANTS, "instrument_scientist"},
    "scientist": {*_PARTICIPANTS, "instrument_scientist"},
    "user": {*_PARTICIPANTS, "instrument_scientist"},
}


@dataclass(frozen=True)
class Offer:
    """A pipeline and a selection of datasets.

    ``faults`` says why a dataset cannot be processed by it, by the dataset's key. ``reason`` says why
    the pipeline is not offered for the selection at all; "" when it is. ``instruments`` are those that it
    is made for, or where it fits all, those of the datasets.
    """

    pipeline: Pipeline
    faults: Mapping[int, str]
    reason: str
    instruments: str

    @property
    def is_offered(self) -> bool:
        """Whether it fits at least one of the datasets, and as many at once."""
        return not self.reason

    @property
    def label(self) -> str:
        """The name with its instruments, as menus show it."""
        return f"{self.pipeline.label} ({self.instruments})"


def offers_for(person: Person, datasets: Sequence[Dataset]) -> list[Offer]:
    """Return every pipeline that is switched on, with whether and why not it fits these datasets.

    The datasets come with their investigation, its instrument and their technique.
    """
    parts = _parts(person, datasets)
    pipelines = Pipeline.objects.filter(enabled=True)
    return [_offer(pipeline, datasets, parts) for pipeline in pipelines]


def fitting_pipelines(person: Person, dataset: Dataset) -> list[Pipeline]:
    """Return the pipelines that are offered for one dataset."""
    return [offer.pipeline for offer in offers_for(person, [dataset]) if offer.is_offered]


def misfits(person: Person, pipeline: Pipeline, datasets: Sequence[Dataset]) -> Offer:
    """Return how one pipeline, switched on or not, fits these datasets."""
    return _offer(pipeline, datasets, _parts(person, datasets))


def _parts(person: Person, datasets: Iterable[Dataset]) -> dict[int, set[str]]:
    investigations = {dataset.investigation_id: dataset.investigation for dataset in datasets}
    return parts_in(person, list(investigations.values()))


def _offer(pipeline: Pipeline, datasets: Sequence[Dataset], parts: Mapping[int, set[str]]) -> Offer:
    told = {
        dataset.pk: _misfit(as_mapping(pipeline.keywords), dataset, parts[dataset.investigation_id])
        for dataset in datasets
    }
    faults = {pk: sentence for pk, sentence in told.items() if sentence}
    reason = ""
    if len(datasets) > 1 and str(pipeline.keywords.get("cardinality", "*")) == "1":
        reason = "Made for one dataset at a time."
    elif len(faults) == len(datasets):
        reason = " ".join(dict.fromkeys(faults.values()))
    own = _names(pipeline.keywords.get("instrumentName"))
    instruments = own or sorted({dataset.investigation.instrument.name for dataset in datasets})
    return Offer(pipeline, faults, reason, ", ".join(instruments))


def _misfit(keywords: Mapping[str, Any], dataset: Dataset, parts: set[str]) -> str:
    """Say why a dataset does not fit the keywords, or a person with these parts may not; "" when all do."""
    return (
        _other_instrument(keywords, dataset)
        or _other_technique(keywords, dataset)
        or _other_scan_type(keywords, dataset)
        or _too_old(keywords, dataset)
        or _other_role(keywords, parts)
    )


def _other_instrument(keywords: Mapping[str, Any], dataset: Dataset) -> str:
    wanted, here = _names(keywords.get("instrumentName")), dataset.investigation.instrument.name
    return "" if _is_among(wanted, [here]) else f"Made for {_or(wanted)}; these data are from {here}."


def _other_technique(keywords: Mapping[str, Any], dataset: Dataset) -> str:
    wanted, technique = _names(keywords.get("definition")), dataset.technique
    own = [technique.acronym, technique.name, technique.pid] if technique else []
    if _is_among(wanted, [*own, *_words(dataset.parameters.get("definition"))]):
        return ""
    here = f"these data are {technique.acronym or technique.name}" if technique else "these data name none"
    return f"Made for the technique {_or(wanted)}; {here}."


def _other_scan_type(keywords: Mapping[str, Any], dataset: Dataset) -> str:
    wanted, own = _names(keywords.get("scanType")), _words(dataset.parameters.get("scanType"))
    if _is_among(wanted, own):
        return ""
    here = f"this is {' '.join(own)}" if own else "none is registered for these data"
    return f"Made for the scan type {_or(wanted)}; {here}."


def _too_old(keywords: Mapping[str, Any], dataset: Dataset) -> str:
    try:
        days = float(keywords.get("validityDays") or "inf")
    except (TypeError, ValueError):
        return ""
    age = (timezone.now() - dataset.sorted_at).total_seconds() / 86400
    told = f"Only for {days:g} days after the measurement; that was {age:.0f} days ago."
    return "" if age <= days else told


def _other_role(keywords: Mapping[str, Any], parts: set[str]) -> str:
    wanted = _names(keywords.get("roles"))
    known = [_ROLES.get(re.sub("[^a-z]", "", name.lower()), set()) for name in wanted]
    is_free = not wanted or "staff" in parts or any(parts & having for having in known)
    return "" if is_free else f"Only for people with the role {_or(wanted)}."


def _names(wanted: object) -> list[str]:
    """Return the names of a keyword; none where it fits all."""
    names = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
    return [] if "*" in names else [str(name) for name in names]


def _words(value: object) -> list[str]:
    """Return a parameter whole and, where it lists several, each of them."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value in (None, "") else list(dict.fromkeys([str(value), *re.split(r"[\s,;]+", str(value))]))


def _is_among(wanted: Sequence[str], own: Iterable[str]) -> bool:
    return not wanted or bool({name.casefold() for name in wanted} & {name.casefold() for name in own})


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
