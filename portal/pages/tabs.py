"""The tabs of a page: each an address of its own, so that it can be linked to and needs no script."""

from dataclasses import dataclass

__all__ = ["Tab"]


@dataclass(frozen=True)
class Tab:
    """One tab, drawn by ``tabs.html``. ``count`` is shown beside the label unless it is None."""

    label: str
    address: str
    is_current: bool
    count: int | str | None = None
