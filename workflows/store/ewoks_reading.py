"""Reading results that ewoks wrote as JSON, without executing anything."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from workflows.errors import UnsupportedError, WorkflowError
from workflows.store.value_files import Damaged, read_bounded

SERIALIZE_KEY = "__ewoks_serialize__"
_VERSION = "1.0.0"
_TAG = "__ewoks__"
_SERIALIZERS = (None, "json", "json_pickle")


def load_uri(uri: str) -> Any:
    """Return the value behind the URI of an output; behind that of a node, all its outputs by name.

    Values that ewoks wrote with the serializer ``json_pickle`` are read as long as
    there is no pickle in them.

    Raises
    ------
    UnsupportedError
        The value contains a pickle, or is not in a JSON file: reading either
        could execute code.
    WorkflowError
        There is no such file, or it is not a result of ewoks.
    """
    data = _load(uri)
    if "value" in data:
        return data["value"]
    try:
        return {name: _load(item["uri"])["value"] for name, item in data["task_results"].items()}
    except (AttributeError, LookupError, TypeError):
        raise WorkflowError(f"{uri} is not a result of ewoks: it has no value and no URIs") from None


def _load(uri: str) -> dict[str, Any]:
    scheme, _, path = str(uri).partition("://")
    if scheme not in ("json", "file"):
        raise UnsupportedError(f"{uri} is not the URI of a JSON file, and others may contain pickles")
    path = path.partition("?")[0]
    try:
        document = read_bounded(Path(path))
        info = document.get(SERIALIZE_KEY) or {}
        serializer, version = info.get("serializer"), info.get("serializer_version", _VERSION)
        data = _plain(document["data"]) if serializer == "json_pickle" else document["data"]
    except FileNotFoundError:
        raise WorkflowError(f"there is no file {path!r}") from None
    except (OSError, Damaged, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        raise WorkflowError(f"{path!r} is not a result of ewoks, or cannot be read") from None
    if serializer not in _SERIALIZERS or version != _VERSION or not isinstance(data, dict):
        raise UnsupportedError(f"{path!r} was written with {serializer!r} {version}, which is not read here")
    return data


def _plain(value: Any) -> Any:
    """Undo the tags of ewoks for tuples, sets and bytes."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    tag = value.get(_TAG)
    if tag is None:
        return {key: _plain(item) for key, item in value.items()}
    if tag == "bytes":
        return base64.b64decode(value["data"])
    if tag in ("tuple", "set"):
        items = [_plain(item) for item in value["items"]]
        return tuple(items) if tag == "tuple" else set(items)
    raise UnsupportedError(f"the value contains a {tag!r}: reading it could execute code, so it is refused")
