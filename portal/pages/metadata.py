"""A dataset's parameters for people: grouped, with labels and units, and searched."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.catalogue.parameters import parameter

__all__ = ["MetadataRow", "metadata_groups"]


@dataclass(frozen=True)
class MetadataRow:
    """One parameter: ICAT name, label, value with unit, and what the official definitions say of it."""

    name: str
    label: str
    value: object
    unit: str
    description: str

    @property
    def words(self) -> str:
        """What a search looks into, in small letters."""
        return f"{self.name} {self.label} {self.value} {self.unit} {self.description}".lower()


def metadata_groups(parameters: Mapping[str, object], *, search: str = "") -> dict[str, list[MetadataRow]]:
    """Return the parameters grouped by the first word of their ICAT names, all in the order of the names.

    Of a search only those in which each of its words occurs: in name, label, value, unit or description.
    """
    wanted = search.lower().split()
    groups: dict[str, list[MetadataRow]] = {}
    for name, value in sorted(parameters.items()):
        known = parameter(name)
        row = MetadataRow(name, known.label, value, known.unit, known.description)
        if all(word in row.words for word in wanted):
            groups.setdefault(_title(name), []).append(row)
    return groups


def _title(name: str) -> str:
    """``InstrumentMonochromator_energy`` belongs to "Monochromator"."""
    group = name.partition("_")[0]
    return group.removeprefix("Instrument") or group
