"""The parameters of a job: checked against the pipeline's schema, turned into a workflow's inputs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Datafile, Dataset
from portal.jobs.models import Pipeline
from portal.jobs.prefill import choosable_files, prefilled_parameters
from portal.jobs.schema import as_mapping
from portal.storage.paths import path_of

__all__ = [
    "Asked",
    "checked_parameters",
    "file_parameters",
    "parameter_faults",
    "prefilled_parameters",
    "workflow_inputs",
]

# What is asked of a dataset.
Asked = tuple[Dataset, Mapping[str, Any]]

_LARGEST_ID = 2**63 - 1


def checked_parameters(pipeline: Pipeline, dataset: Dataset, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given parameters; what is left out is left to the workflow.

    Raises
    ------
    InvalidInput
        With a sentence for each property that is missing, unknown or out of range.
    """
    if faults := parameter_faults(pipeline, [(dataset, given)]).get(dataset.pk):
        summary = "; ".join(f"{name or 'parameters'}: {text}" for name, text in faults.items())
        raise InvalidInput(f"The parameters cannot be used. {summary}", fields=faults)
    return dict(given)


def parameter_faults(pipeline: Pipeline, asked: Sequence[Asked]) -> dict[int, dict[str, str]]:
    """Return what is wrong with the parameters of each dataset, by its key and the parameter's name.

    Datasets without a fault are left out. However many there are, one query for each parameter that
    names a file.
    """
    schema = {**pipeline.input_schema, "additionalProperties": False}
    validator = Draft202012Validator(schema)
    faults = {
        dataset.pk: {_field(error): _sentence(error, schema) for error in validator.iter_errors(dict(given))}
        for dataset, given in asked
    }
    for name, spec in file_parameters(schema):
        usable = _usable_files(asked, name, spec)
        for dataset, given in asked:
            value = given.get(name)
            if value is not None and name not in faults[dataset.pk] and (dataset.pk, value) not in usable:
                text = f"File {value} is not one of this dataset's files that can be used here."
                faults[dataset.pk][name] = text
    return {pk: told for pk, told in faults.items() if told}


def workflow_inputs(
    pipeline_schema: Mapping[str, Any], parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the parameters as inputs of the workflow's nodes; files become their paths."""
    properties = as_mapping(pipeline_schema.get("properties"))
    files = dict(file_parameters(pipeline_schema))
    inputs = []
    for name, value in parameters.items():
        given = str(path_of(Datafile.objects.get(pk=value))) if name in files else value
        node = properties[name].get("node")
        inputs.append({"name": name, "value": given, **({"id": node} if node else {})})
    return inputs


def file_parameters(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the properties whose value is the id of a file of the dataset."""
    for name, spec in as_mapping(schema.get("properties")).items():
        if as_mapping(spec).get("format") == "datafile":
            yield name, spec


def _usable_files(asked: Sequence[Asked], name: str, spec: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return dataset and file of those that are asked for and can be used as this parameter."""
    values = [given.get(name) for _, given in asked]
    ids = [value for value in values if type(value) is int and 0 < value <= _LARGEST_ID]
    if not ids:
        return []
    files = choosable_files([dataset for dataset, _ in asked], spec).filter(pk__in=ids)
    return list(files.order_by().values_list("dataset_id", "pk"))


def _field(error: ValidationError) -> str:
    path = [str(part) for part in error.absolute_path]
    given, schema = as_mapping(error.instance), as_mapping(error.schema)
    if error.validator == "required":
        path.append(next(name for name in schema["required"] if name not in given))
    elif error.validator == "additionalProperties":
        path.extend(sorted(set(given) - set(schema.get("properties", {})))[:1])
    return ".".join(path)


def _sentence(error: ValidationError, schema: Mapping[str, Any]) -> str:
    """Say what is wrong in the words of the form."""
    spec = as_mapping(error.schema)
    limit = f"{spec.get(str(error.validator))} {spec.get('unit', '')}".strip()
    known = ", ".join(sorted(as_mapping(schema.get("properties"))))
    sentences = {
        "required": "This value is needed.",
        "additionalProperties": f"No such parameter; there are {known}.",
        "minimum": f"Must be at least {limit}.",
        "maximum": f"Must be at most {limit}.",
        "exclusiveMinimum": f"Must be more than {limit}.",
        "exclusiveMaximum": f"Must be less than {limit}.",
        "multipleOf": f"Must be a multiple of {limit}.",
        "maxLength": f"Must have at most {limit} characters.",
        "minLength": f"Must have at least {limit} characters.",
        "pattern": "Has characters or a form that cannot be used here.",
        "minItems": f"At least {limit} are needed.",
        "maxItems": f"There may be at most {limit}.",
        "uniqueItems": "Each may be given once only.",
        "type": f"Must be of type {_types(spec)}.",
        "enum": f"Must be one of {', '.join(map(str, spec.get('enum', ())))}.",
    }
    return sentences.get(str(error.validator), error.message)


def _types(spec: Mapping[str, Any]) -> str:
    kind = spec.get("type")
    return " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)
