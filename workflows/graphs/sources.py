"""Where a graph comes from: what a source is taken for, and the file that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError, UnsupportedError, describe_exception
from workflows.graphs.files import YAML_EXTENSIONS, read_file
from workflows.graphs.networks import find_network, read_network
from workflows.graphs.packages import EXTENSIONS, discover_workflows, find_resource, package_folders
from workflows.graphs.parsing import parse_json, parse_yaml
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.graphs.limits import Limits

REPRESENTATIONS = (
    "json",
    "json_dict",
    "json_string",
    "json_module",
    "yaml",
    "yaml_string",
    "yaml_module",
    "test_core",
)


_LONGEST_NAME = 200
_PARSERS = {"json_string": parse_json, "yaml_string": parse_yaml}
_EXTENSIONS = {
    "json": (".json",),
    "json_module": (".json",),
    "yaml": YAML_EXTENSIONS,
    "yaml_module": YAML_EXTENSIONS,
}


@dataclass(frozen=True)
class Place:
    """Where relative paths start, and how much may be read."""

    root_dir: str | Path | None
    root_module: str | None
    limits: Limits

    def folders(self) -> list[Path]:
        """Return the folders to look in."""
        if self.root_dir:
            return [Path(self.root_dir)]
        return package_folders(self.root_module) if self.root_module else [Path.cwd()]


def read_source(source: object, representation: str | None, place: Place) -> Any:
    """Read what a source holds; the caller's dicts and lists are copied.

    A dict or a network is read as such whatever the representation says.

    Raises
    ------
    GraphError
        There is no such file, it cannot be read, or it is too large.
    """
    if representation is not None and representation not in REPRESENTATIONS:
        known = did_you_mean(representation, REPRESENTATIONS)
        raise GraphError(f"there is no representation {representation!r} of a graph{known}")
    if isinstance(source, Mapping):
        return copy_document(dict(source))
    network = find_network(source)
    if network is not None:
        return copy_document(read_network(network))
    if not isinstance(source, str | Path) or representation == "json_dict":
        raise GraphError(
            f"a graph is given as a dict, a networkx graph, a text or a file, not as {type(source).__name__}"
        )
    try:
        return _read_named(str(source), representation, place)
    except (OSError, ValueError) as error:
        raise GraphError(f"cannot read the workflow file: {describe_exception(error)}") from error


def copy_document(document: dict[str, Any]) -> dict[str, Any]:
    """Copy the dicts and lists of a document; what is the same object twice stays so.

    Raises
    ------
    GraphError
        The document is nested too deeply.
    """
    copies: dict[int, Any] = {}

    def copy_of(part: Any) -> Any:
        known = copies.get(id(part))
        if known is not None:
            return known
        copy = copies[id(part)] = part.copy()
        for key, value in part.items() if type(part) is dict else enumerate(part):
            if type(value) is dict or type(value) is list:
                copy[key] = copy_of(value)
        return copy

    try:
        result: dict[str, Any] = copy_of(document)
    except RecursionError:
        raise GraphError("the graph is nested too deeply") from None
    return result


def _read_named(source: str, representation: str | None, place: Place) -> Any:
    representation = representation or _guess(source)
    if representation in _PARSERS:
        return _PARSERS[representation](source.encode(errors="surrogatepass"), place.limits)
    if representation == "test_core":
        return _read_example(source)
    extensions = _EXTENSIONS.get(representation, EXTENSIONS)
    if representation in ("json_module", "yaml_module") and "." in source:
        return _read_resource(source, extensions, place.limits)
    return _read_path(source, extensions, place)


def _guess(source: str) -> str:
    if source.lstrip().startswith(("{", "[")):
        return "json_string"
    if "\n" in source:
        return "yaml_string"
    extension = Path(source).suffix.lower()
    return "json" if extension == ".json" else "yaml" if extension in YAML_EXTENSIONS else "any"


def _read_path(source: str, extensions: tuple[str, ...], place: Place) -> Any:
    for folder in place.folders():
        for path in _spellings(folder / source, extensions):
            if path.is_file():
                document = read_file(path, place.limits)
                in_module = place.root_module and not place.root_dir and not Path(source).is_absolute()
                return _renamed(document, f"{place.root_module}.{path.stem}") if in_module else document
    if extensions == EXTENSIONS:
        named = [name for name in discover_workflows() if f".{name}".endswith(f".{source}")]
        name = named[0] if len(named) == 1 else source
        if find_resource(name):
            return _read_resource(name, extensions, place.limits)
    raise GraphError(f"there is no workflow file {source[:_LONGEST_NAME]!r}")


def _read_resource(name: str, extensions: tuple[str, ...], limits: Limits) -> Any:
    path = find_resource(name, extensions)
    if path is None:
        raise GraphError(f"there is no workflow {name!r} in the installed packages")
    return _renamed(read_file(path, limits), name)


def _spellings(path: Path, extensions: tuple[str, ...]) -> Iterator[Path]:
    yield path
    for extension in extensions:
        yield path.with_suffix(extension)
        yield path.with_name(path.name + extension)


def _renamed(document: Any, graph_id: str) -> Any:
    """Give a graph of a package its dotted name as id, as ewoks does."""
    if isinstance(document, dict) and isinstance(document.setdefault("graph", {}), dict):
        document["graph"]["id"] = graph_id
    return document


def _read_example(name: str) -> Any:
    try:
        from ewokscore.tests.examples.graphs import get_graph  # noqa: PLC0415 -- optional
    except ImportError:
        raise UnsupportedError("install the package 'ewokscore' to read its test graphs") from None
    try:
        return get_graph(name)[0]
    except ValueError as error:
        raise GraphError(str(error)) from None
