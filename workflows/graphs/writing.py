"""Writing a graph as a dict, a network, a text or a file, with everything that is in its document."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from workflows.errors import GraphError, WorkflowError
from workflows.graphs.files import YAML_EXTENSIONS
from workflows.graphs.networks import write_network
from workflows.graphs.packages import package_folders
from workflows.graphs.parsing import import_yaml
from workflows.graphs.plain import plain_document
from workflows.graphs.sources import copy_document
from workflows.suggestions import did_you_mean

WRITTEN: Final = (
    "json",
    "json_dict",
    "json_module",
    "json_string",
    "networkx",
    "yaml",
    "yaml_module",
    "yaml_string",
)


def write_document(
    document: dict[str, Any],
    destination: str | Path | None = None,
    *,
    representation: str | None = None,
    indent: int | None = 2,
) -> Any:
    """Write a document as what is asked for, by default what the destination looks like.

    Returns
    -------
    dict, networkx graph or str
        For ``json_dict`` (the default without destination), ``networkx``,
        ``json_string`` and ``yaml_string``.
    Path
        The file, for ``json``, ``yaml``, ``json_module`` and ``yaml_module`` (whose
        destination is ``package.folder.name``). It is complete or as it was before.

    Raises
    ------
    GraphError
        There is no such representation, it lacks a destination, or a value cannot
        be written in it.
    WorkflowError
        The file cannot be written.
    """
    representation = representation or _guess(destination)
    if representation not in WRITTEN:
        known = did_you_mean(representation, WRITTEN)
        raise GraphError(f"a graph cannot be written as {representation!r}{known}")
    if representation == "json_dict":
        return copy_document(document)
    if representation == "networkx":
        return write_network(copy_document(document))
    form, _, kind = representation.partition("_")
    text = _json_text(document, indent) if form == "json" else _yaml_text(document, indent)
    if kind == "string":
        return text
    if destination is None:
        raise GraphError(f"say where the file is to be written (representation {representation!r})")
    path = _module_path(str(destination), f".{form}") if kind == "module" else Path(destination)
    if not path.name:
        raise GraphError(f"{str(destination)!r} is no file that could be written")
    _write_whole(path, text)
    return path


def _guess(destination: str | Path | None) -> str:
    if destination is None:
        return "json_dict"
    extension = Path(destination).suffix.lower()
    if extension == ".json":
        return "json"
    if extension in YAML_EXTENSIONS:
        return "yaml"
    raise GraphError(f"{str(destination)!r} ends neither in .json nor .yaml: name the 'representation'")


def _json_text(document: dict[str, Any], indent: int | None) -> str:
    plain = plain_document(document, with_nan=False)
    try:
        return json.dumps(plain, indent=indent, allow_nan=False)
    except ValueError as error:  # an integer of thousands of digits
        raise GraphError(f"the graph cannot be written as JSON: {error}") from error


def _yaml_text(document: dict[str, Any], indent: int | None) -> str:
    yaml = import_yaml()
    plain = plain_document(document, with_nan=True)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    try:
        text: str = yaml.dump(plain, Dumper=dumper, indent=indent, sort_keys=False)
    except ValueError as error:
        raise GraphError(f"the graph cannot be written as YAML: {error}") from error
    return text


def _module_path(name: str, extension: str) -> Path:
    package, _, stem = name.rpartition(".")
    folders = package_folders(package)
    if not folders or Path(stem).name != stem:
        raise GraphError(f"there is no package {package!r} to write {name!r} to")
    return folders[0] / f"{stem}{extension}"


def _write_whole(path: Path, text: str) -> None:
    """Write a file such that nobody ever sees half of it, not even after a power cut."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except (OSError, ValueError) as error:
        raise WorkflowError(f"cannot write the workflow file {str(path)!r}: {error}") from error
    finally:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
