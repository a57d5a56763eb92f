"""The parameters of a pipeline: filled from a dataset, checked, turned into a workflow's inputs."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from django.db.models import QuerySet
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Datafile, Dataset
from portal.jobs.models import Pipeline
from portal.storage.paths import path_of

__all__ = [
    "checked_parameters",
    "choosable_files",
    "file_parameters",
    "prefilled_parameters",
    "workflow_inputs",
]


def prefilled_parameters(pipeline: Pipeline, dataset: Dataset) -> dict[str, Any]:
    """Return the values a form starts with: the schema's defaults, then what the dataset says.

    A property with ``populate`` (ESRF's extension) takes the first dataset parameter that is there.
    A file that is needed is the dataset's first fitting one.
    """
    return _prefilled(pipeline.input_schema, dataset)


def checked_parameters(pipeline: Pipeline, dataset: Dataset, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given parameters, completed by the schema's defaults.

    Raises
    ------
    InvalidInput
        With a sentence for each property that is missing, unknown or out of range.
    """
    schema = {**pipeline.input_schema, "additionalProperties": False}
    parameters = {**_defaults(schema), **given}
    faults = {
        _field(error): _sentence(error, schema)
        for error in Draft202012Validator(schema).iter_errors(parameters)
    }
    for name, spec in file_parameters(schema):
        value = parameters.get(name)
        if (
            name not in faults
            and value is not None
            and not choosable_files(dataset, spec).filter(pk=value).exists()
        ):
            faults[name] = f"File {value} is not one of this dataset's files that can be used here."
    if faults:
        summary = "; ".join(f"{name or 'parameters'}: {text}" for name, text in faults.items())
        raise InvalidInput(f"The parameters cannot be used. {summary}", fields=faults)
    return parameters


def workflow_inputs(
    pipeline_schema: Mapping[str, Any], parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the parameters as inputs of the workflow's nodes; files become their paths."""
    properties = pipeline_schema["properties"]
    files = dict(file_parameters(pipeline_schema))
    inputs = []
    for name, value in parameters.items():
        given = str(path_of(Datafile.objects.get(pk=value))) if name in files else value
        node = properties[name].get("node")
        inputs.append({"name": name, "value": given, **({"id": node} if node else {})})
    return inputs


def file_parameters(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the properties whose value is the id of a file of the dataset."""
    for name, spec in schema["properties"].items():
        if spec.get("format") == "datafile":
            yield name, spec


def choosable_files(dataset: Dataset, spec: Mapping[str, Any]) -> QuerySet[Datafile]:
    """Return the dataset's files whose ending the property accepts."""
    endings = tuple(spec.get("accept", ()))
    files = dataset.datafiles.all()
    if not endings:
        return files
    fitting = [row.pk for row in files if PurePath(row.name).suffix.lower() in endings]
    return files.filter(pk__in=fitting)


def _prefilled(schema: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, spec in schema["properties"].items():
        value: Any
        if spec.get("type") == "object":
            value = _prefilled(spec, dataset) or None
        elif spec.get("format") == "datafile":
            # Guessed only where one must be given: a mask is not every image's neighbour.
            value = _first_file(spec, dataset) if name in schema.get("required", ()) else None
        else:
            value = _own_value(spec, dataset)
        if value is not None:
            values[name] = value
    return values


def _first_file(spec: Mapping[str, Any], dataset: Dataset) -> int | None:
    first = choosable_files(dataset, spec).first()
    return first.pk if first else None


def _own_value(spec: Mapping[str, Any], dataset: Dataset) -> object:
    for source in spec.get("populate", ()):
        if source.get("type") == "parameter" and source["value"] in dataset.parameters:
            return dataset.parameters[source["value"]]
    return spec.get("default")


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: spec["default"] for name, spec in schema["properties"].items() if "default" in spec}


def _field(error: ValidationError) -> str:
    path = [str(part) for part in error.absolute_path]
    given, schema = _mapping(error.instance), _mapping(error.schema)
    if error.validator == "required":
        path.append(next(name for name in schema["required"] if name not in given))
    elif error.validator == "additionalProperties":
        path.extend(sorted(set(given) - set(schema.get("properties", {})))[:1])
    return ".".join(path)


def _sentence(error: ValidationError, schema: Mapping[str, Any]) -> str:
    """Say what is wrong in the words of the form."""
    spec = _mapping(error.schema)
    limit = f"{spec.get(str(error.validator))} {spec.get('unit', '')}".strip()
    sentences = {
        "required": "This value is needed.",
        "additionalProperties": f"No such parameter; there are {', '.join(sorted(schema['properties']))}.",
        "minimum": f"Must be at least {limit}.",
        "maximum": f"Must be at most {limit}.",
        "exclusiveMinimum": f"Must be more than {limit}.",
        "exclusiveMaximum": f"Must be less than {limit}.",
        "type": f"Must be of type {spec.get('type')}.",
        "enum": f"Must be one of {', '.join(map(str, spec.get('enum', ())))}.",
    }
    return sentences.get(str(error.validator), error.message)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
