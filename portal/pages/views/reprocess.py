"""Reprocess: choose a pipeline, fill its form, start."""

from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.access.rules import may_process
from portal.catalogue.errors import InvalidInput, NotAllowed
from portal.catalogue.models import Dataset
from portal.jobs.models import Job, Output, Pipeline
from portal.jobs.parameters import checked_parameters
from portal.jobs.selectors import has_live_worker, jobs_visible_to, pipelines_for, succeeded_twin
from portal.jobs.services import recipe_digest, submit_job
from portal.pages.schema_form import SchemaForm, flat_parameters
from portal.pages.views.found import dataset_or_404

__all__ = ["choose", "start"]


@login_required
@require_safe
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the pipelines that fit the dataset; with only one there is nothing to choose."""
    dataset = _processable_dataset(request, pk)
    pipelines = pipelines_for(dataset)
    if len(pipelines) == 1:
        return redirect("reprocess", pk=pk, identifier=pipelines[0].identifier)
    return render(request, "reprocess_choose.html", {"dataset": dataset, "pipelines": pipelines})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, pk: int, identifier: str) -> HttpResponse:
    """Show the pipeline's form, filled from the dataset, and start a job from it."""
    dataset = _processable_dataset(request, pk)
    pipeline = get_object_or_404(Pipeline, identifier=identifier, enabled=True)
    given = None
    if request.method == "POST":
        form = SchemaForm(pipeline, dataset, request.POST)
        given = _job_or_twin(request, form, pipeline, dataset) if form.is_valid() else None
        if isinstance(given, Job):
            return redirect("job", pk=given.pk)
    else:
        form = SchemaForm(pipeline, dataset, initial={"request_key": uuid4(), **_earlier_values(request)})
    context = {
        "dataset": dataset,
        "pipeline": pipeline,
        "form": form,
        "twin": given,
        "others": [other for other in pipelines_for(dataset) if other != pipeline],
        "has_worker": has_live_worker(pipeline.queue),
        "n_waiting": Job.objects.filter(pipeline__queue=pipeline.queue, state=Job.State.QUEUED).count(),
    }
    return render(request, "reprocess.html", context, status=422 if form.errors else 200)


def _processable_dataset(request: HttpRequest, pk: int) -> Dataset:
    dataset = dataset_or_404(request, pk)
    if not may_process(request.user, dataset.investigation):
        raise NotAllowed(f"You can see {dataset.name}, but only its participants may reprocess it.")
    return dataset


def _job_or_twin(
    request: HttpRequest, form: SchemaForm, pipeline: Pipeline, dataset: Dataset
) -> Job | Output | None:
    """Return what this very recipe has already given, unless asked to run again, or else the new job.

    None when a value cannot be used; the form then says which and why.
    """
    parameters = form.parameters()
    try:
        if "again" not in request.POST:
            checked = checked_parameters(pipeline, dataset, parameters)
            if twin := succeeded_twin(recipe_digest(pipeline, dataset, checked)):
                return twin
        return submit_job(
            user=request.user,
            dataset=dataset,
            pipeline=pipeline,
            parameters=parameters,
            request_key=form.cleaned_data["request_key"],
        )
    except InvalidInput as error:
        form.show_faults(error)
        return None


def _earlier_values(request: HttpRequest) -> dict[str, object]:
    """Return the values of the job named in the address, to run it again with changes."""
    try:
        earlier = UUID(request.GET.get("like", ""))
    except ValueError:
        return {}
    job = jobs_visible_to(request.user).filter(pk=earlier).first()
    return flat_parameters(job.parameters) if job else {}
