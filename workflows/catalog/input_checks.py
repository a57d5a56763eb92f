"""Checking input values against the schema of a task or a workflow, before anything runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workflows.catalog.json_values import as_json
from workflows.errors import UnsupportedError
from workflows.suggestions import did_you_mean
from workflows.values import is_missing_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_LONGEST = 300


def check_inputs(schema: Mapping[str, Any], values: Mapping[Any, Any]) -> list[str]:
    """List what is wrong with the inputs, a sentence each; empty when nothing is.

    ``schema`` is that of the inputs, see `task_schema` and `workflow_schema`.
    A value that JSON does not know (an array, a path, an object) is not
    judged, nor is one of more than 100 000 parts: only the task knows better.

    Raises
    ------
    UnsupportedError
        The package ``jsonschema`` is not installed.
    """
    given = {_key(schema, key): value for key, value in values.items() if not is_missing_data(value)}
    known = schema.get("properties", {})
    validator = _validator(schema)
    problems = [
        f"input {key!r} is required but was not given"
        for key in schema.get("required", ())
        if key not in given
    ]
    for key, value in given.items():
        if key in known:
            problems += _value_problems(validator, key, known[key], value)
        elif not _is_free(schema, key):
            problems.append(f"there is no input {key!r}{did_you_mean(key, known)}")
    return problems


def _key(schema: Mapping[str, Any], key: Any) -> str:
    """Return the name of an input that is addressed by its position."""
    names = schema.get("positional", ())
    is_position = isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(names)
    return str(names[key] if is_position else key)


def _is_free(schema: Mapping[str, Any], key: str) -> bool:
    """Tell whether a key may be given although it is not described."""
    patterns = schema.get("patternProperties", ())
    is_free: bool = schema.get("additionalProperties", True)
    return is_free or any(re.search(pattern, key) for pattern in patterns)


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    try:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 -- optional
        from referencing import Registry  # noqa: PLC0415 -- comes with jsonschema
    except ModuleNotFoundError as error:
        raise UnsupportedError(
            f"checking inputs needs the package {error.name!r}: pip install jsonschema"
        ) from None
    # An empty registry: a schema that refers to an address on the web must not be followed there.
    return Draft202012Validator(dict(schema), registry=Registry())


def _value_problems(
    validator: Draft202012Validator, key: str, described: Mapping[str, Any], value: Any
) -> Iterator[str]:
    from jsonschema.exceptions import UnknownType  # noqa: PLC0415 -- optional
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 -- comes with jsonschema

    try:
        judged = as_json(value)
    except ValueError:
        return
    try:
        for error in validator.descend(judged, dict(described)):
            place = "".join(f"[{part!r}]" for part in error.absolute_path)
            yield _shortened(f"input {key!r}{place}: {_reason(error)}")
    except (UnknownType, Unresolvable) as error:
        yield _shortened(f"input {key!r} cannot be checked, its schema is wrong: {error}")


def _reason(error: ValidationError) -> str:
    """Say why none of several alternatives fits; that null would, helps nobody."""
    others = [each for each in error.context or () if each.validator_value != "null"]
    return " and ".join(dict.fromkeys(each.message for each in others)) or error.message


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
