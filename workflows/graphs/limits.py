"""How large a graph may be; what is larger is refused before it costs time or memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest graph that is read; nodes and links are counted with those of all sub-graphs."""

    n_nodes: int = 100_000
    n_links: int = 500_000
    n_bytes: int = 100_000_000
    n_yaml_bytes: int = 10_000_000
    """YAML is read some twenty times slower than JSON."""
    depth: int = 16
    """How deep sub-graphs may be nested in each other."""

    @property
    def n_attributes(self) -> int:
        """How many attributes all nodes and links may have together: on average twenty each."""
        return 20 * (self.n_nodes + self.n_links)


DEFAULT_LIMITS: Final = Limits()
