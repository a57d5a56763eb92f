"""Stores where ewoks keeps its results, readable by programs that know those of ewoks.

``varinfo`` says where: ``root_uri`` is a folder, and ``scheme`` the format. With
``json``, each node has ``task_results/<key>.json`` (its title, and the URIs of the
outputs) and each output that JSON holds exactly has
``task_results/<output name>/<digest>.json``. With ``nexus``, ewokscore itself writes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from workflows.errors import WorkflowError
from workflows.store.content import content_digest
from workflows.store.durable import write_whole
from workflows.store.encoding import Encoder
from workflows.store.errors import NotStorable
from workflows.store.ewoks_nexus import EwoksNexus
from workflows.store.ewoks_reading import SERIALIZE_KEY
from workflows.store.store import ResultStore
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workflows.store.store import Outputs, Uris

TASK_RESULTS = "task_results"
"""The folder of results, and the key under which a result lists the URIs of its outputs."""

_SCHEMES = ("json", "nexus")
_KEYS = ("root_uri", "scheme", "has_data_proxy", "enable_hashing", "relative_uri", "uhash_data")
_LONGEST_NAME = 200


def open_store(varinfo: Mapping[str, Any] | None) -> ResultStore | None:
    """Return the store that a ``varinfo`` asks for; None if it names no ``root_uri``.

    ``root_uri`` is a path, a ``file://`` URI or one with ``?path=/inside``, which
    is a folder in the folder (json) or a group in the file (nexus). The results
    that are read again are beside a NeXus file, in the folder ``<name>.results``.

    Raises
    ------
    WorkflowError
        A key or the scheme is misspelt, or the root is no text.
    UnsupportedError
        NeXus is asked for, and ewokscore is not installed.
    """
    varinfo = varinfo or {}
    for key in varinfo:
        if key not in _KEYS:
            raise WorkflowError(f"varinfo has no key {key!r}{did_you_mean(key, _KEYS)}")
    root_uri, scheme = varinfo.get("root_uri"), varinfo.get("scheme") or "json"
    if scheme not in _SCHEMES:
        raise WorkflowError(f"varinfo has no scheme {scheme!r}{did_you_mean(scheme, _SCHEMES)}")
    if not root_uri:
        return None
    if not isinstance(root_uri, str | Path):
        raise WorkflowError(f"the root_uri of varinfo is a path or a URI, not {root_uri!r}")
    path, inside = _split(str(root_uri))
    if scheme == "nexus":
        root = path.with_name(f"{path.stem}.results") if path.suffix else path
        return ResultStore(root, EwoksNexus(str(root_uri)))
    root = path.with_suffix("") if path.suffix == ".json" else path
    root = root.joinpath(*inside)
    return ResultStore(root, EwoksJson(root))


@dataclass(frozen=True)
class EwoksJson:
    """Results as ewoks writes them with the serializer ``json``."""

    root: Path

    def write(self, key: str, *, title: str, outputs: Outputs) -> None:
        """Write the outputs that JSON holds exactly, then their list."""
        written = {}
        for name, (digest, value) in outputs.items():
            path = self._output_path(name, digest)
            if _is_file_name(name) and _json_holds(value, digest):
                _write(path, {"value": value})
                written[name] = {"uri": _uri(path), "uhash": digest}
        _write(self._task_path(key), {"title": title, TASK_RESULTS: written})

    def uris(self, key: str, digests: Mapping[str, str]) -> Uris:
        """Return the URIs of the files that are there."""
        paths = {name: self._output_path(name, digest) for name, digest in digests.items()}
        task = self._task_path(key)
        found = {name: _uri(path) for name, path in paths.items() if _is_file_name(name) and path.is_file()}
        return _uri(task) if task.is_file() else None, found

    def remove(self, keys: Iterable[str], outputs: Iterable[tuple[str, str]]) -> int:
        """Remove files; return the freed bytes."""
        paths = [self._task_path(key) for key in keys]
        paths += [self._output_path(name, digest) for name, digest in outputs if _is_file_name(name)]
        freed = sum(path.stat().st_size for path in paths if path.is_file())
        for path in paths:
            path.unlink(missing_ok=True)
        return freed

    def _task_path(self, key: str) -> Path:
        return self.root / TASK_RESULTS / f"{key}.json"

    def _output_path(self, name: str, digest: str) -> Path:
        return self.root / TASK_RESULTS / name / f"{digest}.json"


def _split(root_uri: str) -> tuple[Path, list[str]]:
    """Split a URI into the absolute path of a file or folder, and the names of a place inside."""
    scheme, separator, rest = root_uri.partition("://")
    text = rest if separator else scheme
    text, _, query = text.replace("::", "?path=", 1).partition("?")
    values = [value for key, _, value in (item.partition("=") for item in query.split("&")) if key == "path"]
    inside = [name for value in values for name in value.split("/") if name]
    if ".." in inside:
        raise WorkflowError(f"the root_uri {root_uri!r} leaves its folder: write the place without '..'")
    path = Path(unquote(text) if scheme == "file" else text)
    return path.absolute(), inside


def _write(path: Path, data: dict[str, Any]) -> None:
    info = {"serializer": "json", "serializer_version": "1.0.0"}
    text = json.dumps({"data": data, SERIALIZE_KEY: info}, allow_nan=False)
    write_whole(path, lambda stream: stream.write(text.encode()))


def _uri(path: Path) -> str:
    return f"json://{path}"


def _is_file_name(name: str) -> bool:
    return name not in ("", ".", "..") and len(name) < _LONGEST_NAME and not set(name) & set("/\\\0?#&:")


def _json_holds(value: Any, digest: str) -> bool:
    """Tell whether JSON gives the value back: then what encodes it is the value itself."""
    try:
        return content_digest(Encoder().encode(value)) == digest
    except NotStorable:
        return False
