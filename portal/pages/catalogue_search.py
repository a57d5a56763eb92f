"""What one looks for in the catalogue of pipelines and tasks, read from the address."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from portal.jobs.descriptors import Descriptor

__all__ = ["CatalogueSearch"]

_LONGEST = 200
_MOST_WORDS = 8


@dataclass(frozen=True)
class CatalogueSearch:
    """Words and choices; "" is anything. What no catalogue can hold is left out of them."""

    text: str
    technique: str
    instrument: str
    package: str

    @classmethod
    def of(cls, request: HttpRequest) -> "CatalogueSearch":
        """Return what ``?q=&technique=&instrument=&package=`` ask for."""
        names = ("q", "technique", "instrument", "package")
        return cls(*(request.GET.get(name, "").replace("\0", "")[:_LONGEST].strip() for name in names))

    @property
    def is_on(self) -> bool:
        """Whether anything is asked for."""
        return any((self.text, self.technique, self.instrument, self.package))

    @property
    def words(self) -> Sequence[str]:
        """The words to be found, all of them, in lower case."""
        return self.text.lower().split()[:_MOST_WORDS]

    def offers(self, offers: Iterable[Descriptor], *, packages: dict[str, str]) -> list[Descriptor]:
        """Return the pipelines that fit; ``packages`` are those of the tasks."""
        return [offer for offer in offers if self._fits(offer, packages)]

    def _fits(self, offer: Descriptor, packages: dict[str, str]) -> bool:
        return (
            (not self.technique or offer.fits_technique(self.technique))
            and (not self.instrument or offer.fits_instrument(self.instrument))
            and (not self.package or self.package in {packages.get(task) for task in offer.tasks})
            and self.has_words(
                offer.pipeline.label,
                offer.pipeline.identifier,
                offer.pipeline.description,
                offer.category,
                *offer.techniques,
                *offer.instruments,
                *offer.tasks,
            )
        )

    def has_words(self, *texts: str) -> bool:
        """Whether the texts together contain every word."""
        searched = " ".join(texts).lower()
        return all(word in searched for word in self.words)
