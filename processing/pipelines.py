"""The shipped pipelines: ewoks graphs with the attributes a portal needs to offer them.

A pipeline is an ewoks graph whose ``graph`` attributes carry ESRF's descriptor (``label``,
``category``, ``keywords``, ``input_schema``, ``ui_schema``, ``populate``) and four of our own:

``node`` (on a property of ``input_schema``)
    The node that receives the value; without it, the start nodes.
``output_files``
    Mappings ``id``, ``name``, ``value``: the node input that receives the path of a file to write.
``summary``
    The technique whose summary describes the first of these files.
``progress``
    Node -> the dataset's parameter that says how many frames there are; the node's progress is then
    told in frames.

What ``keywords`` mean here; a name or a list of names, whatever their case, and ``*`` or nothing for all:

``instrumentName``
    The instruments whose data it is made for.
``definition``
    The techniques, by acronym, name or PaNET address, or as the dataset's parameter ``definition`` has it.
``scanType``
    The scan types, as the dataset's parameter ``scanType`` has it.
``cardinality``
    ``"1"``: offered for one dataset alone. Anything else: for any number, each becoming a job of its own.
``validityDays``
    Offered for so many days after the measurement.
``roles``
    Who may run it: ``participant`` (also ``user``, ``scientist``, ``investigator``),
    ``principalInvestigator``, ``localContact``, ``instrumentScientist``, ``manager``. The instrument's
    scientists may do what participants may, and the portal's staff (``manager``) everything.

A file that is ``required`` starts as the dataset's first fitting one; where that would be a wrong guess, the
need stands in an ``allOf`` instead: ``[{"required": ["background"]}]``.

Of ``ui_schema`` a form respects ``ui:order``, ``ui:title``, ``ui:description``, ``ui:help``,
``ui:placeholder``, ``ui:enumNames``, ``ui:readonly`` and the widgets ``hidden``, ``textarea``, ``select``,
``radio`` and ``checkboxes``; every other widget becomes the plain one of the value's type. Of our own is
``ui:group`` (``basic``, ``geometry``, ``advanced`` or any other): fields that are shown together.

What several pipelines have in common stands once, in a JSON file beside them.  An object with
``"$ref": "shared.json#/graph"`` is what the file has at that place (a JSON pointer, RFC 6901), changed by
the other members of the object: a JSON merge patch (RFC 7396), so they are added, replace, change what is
below, or with ``null`` remove.  `shipped_pipelines` gives documents without such references; those of JSON
Schema itself (``#/...``) stay.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from processing.summary import Summary

__all__ = ["TECHNIQUES", "describer", "preload", "read_pipeline", "shipped_pipelines", "summariser"]

# One folder of processing/techniques each.
TECHNIQUES = ("xrpd",)


def shipped_pipelines() -> Iterator[dict[str, Any]]:
    """Yield the graph of each pipeline of each technique that has an ``input_schema``."""
    for technique in TECHNIQUES:
        folder = files("processing.techniques").joinpath(technique, "pipelines")
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if not file.name.endswith(".json"):
                continue
            document = read_pipeline(folder, file.name)
            if "nodes" in document and "input_schema" in document["graph"]:
                yield document


def read_pipeline(folder: Traversable, name: str) -> dict[str, Any]:
    """Read a JSON file of a folder, with what it refers to in others of the folder.

    Raises
    ------
    FileNotFoundError, KeyError
        A reference names nothing.
    """
    document = json.loads(folder.joinpath(name).read_text(encoding="utf-8"))
    return {key: _resolved(value, folder) for key, value in document.items()}


def summariser(technique: str) -> Callable[[Path], Summary]:
    """Return the function that describes an output file of a technique.

    Raises
    ------
    KeyError
        No such technique is shipped.
    """
    return _module(technique, "summary").summarise


def describer(technique: str) -> Callable[..., Mapping[str, Any]]:
    """Return the function that reads a technique's parameters from raw files; KeyError as above."""
    return _module(technique, "describe").describe


def preload(technique: str) -> None:
    """Import the tasks of a technique, and have compiled what it compiles; KeyError as above."""
    _module(technique, "preload").preload()


def _resolved(value: Any, folder: Traversable) -> Any:
    """Replace every reference to a file of the folder, also those in what it refers to."""
    if isinstance(value, list):
        return [_resolved(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    changes = {name: _resolved(item, folder) for name, item in value.items()}
    if not str(value.get("$ref", "#")).startswith("#"):
        name, _, pointer = changes.pop("$ref").partition("#/")
        found: Any = read_pipeline(folder, name)
        for word in pointer.split("/"):
            found = found[word.replace("~1", "/").replace("~0", "~")]
        return _merge_patch(found, changes) if changes else found
    return changes


def _merge_patch(target: Any, patch: Any) -> Any:
    """Change a JSON value as RFC 7396 says."""
    if not isinstance(patch, dict):
        return patch
    changed = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = _merge_patch(changed.get(name), value)
    return changed


def _module(technique: str, name: str) -> Any:
    if technique not in TECHNIQUES:
        raise KeyError(technique)
    return import_module(f"processing.techniques.{technique}.{name}")
