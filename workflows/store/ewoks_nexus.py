"""Results in HDF5 files as ewoks writes them, by ewoks itself."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.errors import UnsupportedError
from workflows.store.arrays import is_plain_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workflows.store.store import Outputs, Uris

_TASK_RESULTS = "task_results"
_SCALARS = (str, float, bool, bytes)
_SEQUENCES = ({int}, {float}, {str})
_ARRAY_KINDS = "biufc"


@dataclass(frozen=True)
class EwoksNexus:
    """Results below a ``root_uri`` of the scheme ``nexus``; nothing is ever removed from the files.

    Written is what needs no pickle and comes back the same: numbers, texts, bytes,
    arrays of numbers, and lists and tuples of numbers or of texts.
    """

    root_uri: str

    def __post_init__(self) -> None:
        if importlib.util.find_spec("ewokscore") is None:
            raise UnsupportedError("results in the scheme 'nexus' need the package ewokscore: install it")

    def write(self, key: str, *, title: str, outputs: Outputs) -> None:
        """Write the outputs, then their list."""
        written = {}
        for name, (digest, value) in outputs.items():
            if _hdf5_holds(value):
                proxy = self._proxy(digest, name)
                if not proxy.exists():
                    proxy.dump({"value": value})
                written[name] = proxy.uri.serialize()
        task = self._proxy(key)
        if not task.exists():
            task.dump({"title": title, _TASK_RESULTS: written})

    def uris(self, key: str, digests: Mapping[str, str]) -> Uris:
        """Return the URIs of what is there."""
        task = self._proxy(key)
        found = {name: self._proxy(digest, name) for name, digest in digests.items()}
        uris = {name: str(proxy.uri) for name, proxy in found.items() if proxy.exists()}
        return str(task.uri) if task.exists() else None, uris

    def remove(self, keys: Iterable[str], outputs: Iterable[tuple[str, str]]) -> int:  # noqa: ARG002
        """Remove nothing: HDF5 files do not shrink, and others may have them open."""
        return 0

    def _proxy(self, digest: str, name: str | None = None) -> Any:
        from ewokscore.hashing import UniversalHash  # noqa: PLC0415 -- an optional package
        from ewokscore.persistence import instantiate_data_proxy  # noqa: PLC0415

        place = f"?path={_TASK_RESULTS}" + (f"&path={name}" if name else "")
        return instantiate_data_proxy(
            scheme="nexus", root_uri=self.root_uri, relative_uri=place, uhash_source=UniversalHash(digest)
        )


def _hdf5_holds(value: Any) -> bool:
    """Tell whether ewoks writes a value without pickle, and reads the same."""
    kind = type(value)
    if kind in (list, tuple):
        return bool(value) and {type(item) for item in value} in _SEQUENCES and all(map(_hdf5_holds, value))
    if kind is int:
        return -(2**63) <= value < 2**63
    if is_plain_array(value):
        return value.dtype.kind in _ARRAY_KINDS
    return kind in _SCALARS
