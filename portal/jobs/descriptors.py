"""The pipelines as a catalogue shows them: what each fits, and of which tasks it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.fields.json import KeyTransform

from portal.jobs.models import Pipeline

__all__ = ["Descriptor", "descriptor_of", "descriptors"]


@dataclass(frozen=True)
class Descriptor:
    """A pipeline with what its descriptor says, read whatever is in there.

    ``techniques`` and ``instruments`` are names; empty where the pipeline fits all. ``tasks`` are the
    identifiers that its nodes run, each once, in the order of the document.
    """

    pipeline: Pipeline
    category: str
    techniques: Sequence[str]
    instruments: Sequence[str]
    tasks: Sequence[str]
    n_steps: int

    def fits_instrument(self, name: str) -> bool:
        """Whether it is meant for an instrument of this name, in any case."""
        return not self.instruments or name.lower() in (each.lower() for each in self.instruments)

    def fits_technique(self, acronym: str) -> bool:
        """Whether it is meant for a technique with this acronym, in any case."""
        return not self.techniques or acronym.lower() in (each.lower() for each in self.techniques)


def descriptors(*, with_disabled: bool = False) -> list[Descriptor]:
    """Return the pipelines by label, in one query that leaves their forms in the database."""
    header = KeyTransform("graph", "graph")
    rows = Pipeline.objects.defer("graph").annotate(
        told_category=KeyTransform("category", header),
        told_keywords=KeyTransform("keywords", header),
        told_nodes=KeyTransform("nodes", "graph"),
    )
    if not with_disabled:
        rows = rows.filter(enabled=True)
    return [
        _descriptor(row, category=row.told_category, keywords=row.told_keywords, nodes=row.told_nodes)
        for row in rows.order_by("label", "pk")
    ]


def descriptor_of(pipeline: Pipeline) -> Descriptor:
    """Return the same of one pipeline."""
    header = pipeline.attributes
    nodes = pipeline.graph.get("nodes")
    return _descriptor(
        pipeline, category=header.get("category"), keywords=header.get("keywords"), nodes=nodes
    )


def _descriptor(pipeline: Pipeline, *, category: Any, keywords: Any, nodes: Any) -> Descriptor:
    words = keywords if isinstance(keywords, Mapping) else {}
    steps = [node for node in nodes if isinstance(node, Mapping)] if isinstance(nodes, list) else []
    tasks = [node["task_identifier"] for node in steps if isinstance(node.get("task_identifier"), str)]
    return Descriptor(
        pipeline=pipeline,
        category=str(category or ""),
        techniques=_names(words.get("definition")),
        instruments=_names(words.get("instrumentName")),
        tasks=tuple(dict.fromkeys(tasks)),
        n_steps=len(steps),
    )


def _names(wanted: object) -> tuple[str, ...]:
    """Return the names that a keyword lists; ``*`` or nothing said is all, which is no name."""
    names = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
    return () if "*" in names else tuple(str(name) for name in names)
