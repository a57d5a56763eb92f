"""What was computed already: jobs with the same recipe, and the outputs that they gave."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.catalogue.models import Datafile, Dataset
from portal.jobs.models import Output, Pipeline
from portal.jobs.parameters import Asked, file_parameters
from portal.storage.paths import last_written
from processing.provenance.record import canonical_json, sha256_of

__all__ = ["likely_twins", "recipe_digest", "recipe_digests", "succeeded_twins"]

_LOOKED_AT = 2000


def recipe_digest(pipeline: Pipeline, dataset: Dataset, parameters: Mapping[str, Any]) -> str:
    """Return what is the same for two jobs that compute the same.

    Workflow, dataset, parameters, and of each file its size and when it was last written, so that a
    file that was written again counts as another.
    """
    return recipe_digests(pipeline, [(dataset, parameters)])[dataset.pk]


def recipe_digests(pipeline: Pipeline, asked: Sequence[Asked]) -> dict[int, str]:
    """Return the same for several datasets, by their keys, in one query."""
    names = [name for name, _ in file_parameters(pipeline.input_schema)]
    ids = {
        dataset.pk: [given[name] for name in names if given.get(name) is not None] for dataset, given in asked
    }
    wanted = [pk for of_one in ids.values() for pk in of_one]
    files = {file.pk: file for file in Datafile.objects.filter(pk__in=wanted)}
    return {
        dataset.pk: _digest(pipeline, dataset, given, [files[pk] for pk in sorted(ids[dataset.pk])])
        for dataset, given in asked
    }


def succeeded_twins(digests: Sequence[str]) -> dict[str, Output]:
    """Return the outputs that these very recipes have already given, the newest of each."""
    found = Output.objects.filter(job__recipe_digest__in=digests).defer("record")
    return {output.job.recipe_digest: output for output in _with_job(found)}


def likely_twins(pipeline: Pipeline, asked: Sequence[Asked]) -> dict[int, Output]:
    """Return the newest output of each dataset that the same workflow and values have given.

    From rows alone, so that a page can ask before the click; whether the files are still the same is
    looked at when a job is submitted.
    """
    outputs = Output.objects.filter(
        job__dataset__in=[dataset.pk for dataset, _ in asked],
        job__pipeline=pipeline,
        job__workflow=pipeline.graph,
    )
    given = {dataset.pk: dict(values) for dataset, values in asked}
    newest = outputs.order_by("-published_at").values_list("pk", "job__dataset_id", "job__parameters")
    same = [pk for pk, dataset_id, values in newest[:_LOOKED_AT] if given[dataset_id] == values]
    return {output.job.dataset_id: output for output in _with_job(Output.objects.filter(pk__in=same))}


def _with_job(outputs: Any) -> Any:
    """Return outputs with what is told of them, the newest last."""
    known = outputs.select_related("job__submitted_by", "dataset").order_by("published_at")
    return known.defer("record", "job__workflow", "job__parameters", "dataset__parameters")


def _digest(
    pipeline: Pipeline, dataset: Dataset, parameters: Mapping[str, Any], files: Sequence[Datafile]
) -> str:
    for file in files:
        file.dataset = dataset
    content = [pipeline.digest, dataset.pk, _plain(parameters), [last_written(file) for file in files]]
    return sha256_of(canonical_json(content))


def _plain(value: Any) -> Any:
    """Write 60.0 as 60, as which it may have come as well."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
