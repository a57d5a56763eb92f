"""Reprocess one dataset: choose a pipeline, fill its form, start."""

from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.access.rules import may_process
from portal.catalogue.errors import InvalidInput, NotAllowed
from portal.catalogue.models import Dataset
from portal.jobs.estimates import estimate_for
from portal.jobs.models import Job, Output, Pipeline
from portal.jobs.offers import offers_for
from portal.jobs.parameters import checked_parameters
from portal.jobs.recipes import likely_twins, recipe_digest, succeeded_twins
from portal.jobs.schema import by_name, leaves
from portal.jobs.selectors import jobs_visible_to
from portal.jobs.services import check_pipeline, submit_job
from portal.pages.schema_form import KEY, LIKE, SchemaForm
from portal.pages.views.found import dataset_or_404
from portal.pages.workflow_graph import workflow_svg

__all__ = ["choose", "start"]


@login_required
@require_safe
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the pipelines that fit the dataset, and why others do not; one alone is no choice."""
    dataset = _processable_dataset(request, pk)
    offers = offers_for(request.user, [dataset])
    offered = [offer for offer in offers if offer.is_offered]
    if len(offered) == 1 and "all" not in request.GET:
        return redirect("reprocess", pk=pk, identifier=offered[0].pipeline.identifier)
    context = {
        "dataset": dataset,
        "offers": offered,
        "others": [offer for offer in offers if not offer.is_offered],
    }
    return render(request, "reprocess_choose.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, pk: int, identifier: str) -> HttpResponse:
    """Show the pipeline's form, filled from the dataset, and start a job from it."""
    dataset = _processable_dataset(request, pk)
    pipeline = get_object_or_404(Pipeline, identifier=identifier, enabled=True)
    check_pipeline(request.user, pipeline, dataset)
    if request.method == "POST":
        form = SchemaForm(pipeline, dataset, request.POST)
        earlier = _earlier(request, form.data.get(LIKE, ""))
        given = _job_or_twin(request, form, dataset, earlier) if form.is_valid() else None
        if isinstance(given, Job):
            return redirect("job", pk=given.pk)
    else:
        earlier = _earlier(request, request.GET.get("like", ""))
        form = SchemaForm(pipeline, dataset, initial={KEY: uuid4(), **_values_of(earlier, pipeline, dataset)})
        given = likely_twins(pipeline, [(dataset, form.initial_parameters())]).get(dataset.pk)
    context = {
        "dataset": dataset,
        "pipeline": pipeline,
        "form": form,
        "twin": given,
        "earlier": earlier,
        "offers": [offer for offer in offers_for(request.user, [dataset]) if offer.is_offered],
        "estimate": estimate_for(pipeline),
        "graph": workflow_svg(pipeline.graph),
    }
    return render(request, "reprocess.html", context, status=422 if form.errors else 200)


def _processable_dataset(request: HttpRequest, pk: int) -> Dataset:
    dataset = dataset_or_404(request, pk)
    if not may_process(request.user, dataset.investigation):
        raise NotAllowed(f"You can see {dataset.name}, but only its participants may reprocess it.")
    return dataset


def _job_or_twin(
    request: HttpRequest, form: SchemaForm, dataset: Dataset, earlier: Job | None
) -> Job | Output | None:
    """Return what this very recipe has already given, unless asked to run again, or else the new job.

    None when a value cannot be used; the form then says which and why.
    """
    pipeline, parameters = form.pipeline, form.parameters()
    try:
        if "again" not in request.POST:
            checked = checked_parameters(pipeline, dataset, parameters)
            if twins := succeeded_twins([recipe_digest(pipeline, dataset, checked)]):
                return next(iter(twins.values()))
        return submit_job(
            user=request.user,
            dataset=dataset,
            pipeline=pipeline,
            parameters=parameters,
            request_key=form.request_key(parameters),
            rerun_of=earlier if earlier and earlier.dataset_id == dataset.pk else None,
        )
    except InvalidInput as error:
        form.show_faults(error)
        return None


def _earlier(request: HttpRequest, key: str) -> Job | None:
    """Return the job that is to be run again with changes, if the visitor may see it."""
    try:
        return jobs_visible_to(request.user).filter(pk=UUID(key)).first()
    except ValueError:
        return None


def _values_of(earlier: Job | None, pipeline: Pipeline, dataset: Dataset) -> dict[str, object]:
    """Return the values of an earlier job, as the form names them; files only where they are the same."""
    if earlier is None:
        return {}
    asked = leaves(pipeline.input_schema)
    # What it left empty stays empty, whatever the dataset says.
    values = {leaf.name: None for leaf in asked} | by_name(asked, earlier.parameters)
    if earlier.dataset_id != dataset.pk:
        values = {leaf.name: values[leaf.name] for leaf in asked if not leaf.is_file}
    return {LIKE: earlier.pk, **values}
