"""Several links between the same two nodes are one link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflows.graphs.schema import LinkDocument

_LISTS = ("data_mapping", "conditions")
_FLAGS = ("map_all_data", "on_error", "required", "cache_if_optional")


def merge_parallel(links: Iterable[LinkDocument]) -> list[LinkDocument]:
    """Merge links with the same ends: their lists are joined, their flags must agree.

    Raises
    ------
    GraphError
        Two such links contradict each other.
    """
    merged: dict[object, LinkDocument] = {}
    for link in links:
        ends = (link.source, link.target, link.sub_source, link.sub_target)
        merged[ends] = _merge(merged[ends], link) if ends in merged else link
    return list(merged.values())


def _merge(first: LinkDocument, second: LinkDocument) -> LinkDocument:
    update: dict[str, Any] = {
        name: [*(getattr(first, name) or ()), *(getattr(second, name) or ())] for name in _LISTS
    }
    for name in _FLAGS:
        values = {getattr(first, name), getattr(second, name)} - {None}
        if len(values) > 1:
            raise GraphError(
                f"two links from {first.source!r} to {first.target!r} contradict each other about {name!r}: "
                "write them as one link"
            )
        update[name] = values.pop() if values else None
    return first.model_copy(update=update)
