"""Reprocess several datasets at once: one form, one job for each, one batch."""

from collections.abc import Sequence
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset
from portal.jobs.batches import AT_MOST, Candidate, candidates_for, jobs_of_request, submit_jobs
from portal.jobs.estimates import estimate_for
from portal.jobs.models import Job, Pipeline
from portal.jobs.offers import offers_for
from portal.jobs.recipes import likely_twins
from portal.pages.schema_form import KEY
from portal.pages.schema_form_many import AGAIN, SchemaFormForMany, file_names
from portal.pages.selection import selected_datasets, selection_query
from portal.pages.workflow_graph import workflow_svg

__all__ = ["choose", "start"]

WITHOUT = "form-without"


@login_required
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Show the pipelines that fit the selected datasets, and why others do not."""
    datasets, n_unknown = selected_datasets(request, at_most=AT_MOST)
    if len(datasets) == 1 and not n_unknown:
        return redirect("choose-pipeline", pk=datasets[0].pk)
    offers = offers_for(request.user, datasets)
    offered = [offer for offer in offers if offer.is_offered]
    if len(offered) == 1 and not n_unknown:
        return redirect(_address(offered[0].pipeline, datasets))
    context = {
        "datasets": datasets,
        "n_unknown": n_unknown,
        "query": selection_query(datasets),
        "offers": offered,
        "others": [offer for offer in offers if not offer.is_offered],
    }
    return render(request, "reprocess_choose.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, identifier: str) -> HttpResponse:
    """Show one form for all selected datasets, and start a job on each of them."""
    datasets, n_unknown = selected_datasets(request, at_most=AT_MOST)
    pipeline = get_object_or_404(Pipeline, identifier=identifier, enabled=True)
    form = SchemaFormForMany(pipeline, datasets, request.POST or None, initial={KEY: uuid4()})
    candidates: list[Candidate] = []
    if not form.is_bound or form.is_valid():
        candidates = _candidates(request, form)
    if form.is_bound and form.is_valid():
        form.show_common_faults(candidates)
        if form.is_valid() and (jobs := _submit(request, form, candidates)):
            return redirect(f"{reverse('jobs')}?batch={jobs[0].batch}")
    context = {
        "datasets": datasets,
        "n_unknown": n_unknown,
        "query": selection_query(datasets),
        "pipeline": pipeline,
        "form": form,
        **_told(form, candidates),
        "estimate": estimate_for(pipeline),
        "graph": workflow_svg(pipeline.graph),
    }
    is_refused = form.is_bound and (form.errors or context["blocked"])
    return render(request, "reprocess_many.html", context, status=422 if is_refused else 200)


def _candidates(request: HttpRequest, form: SchemaFormForMany) -> list[Candidate]:
    """Return the datasets with what stands against each; before the click from rows alone."""
    found = candidates_for(
        user=request.user,
        pipeline=form.pipeline,
        asked=form.asked(),
        find_twins=None if form.is_bound else likely_twins,
    )
    return form.with_missing_files(found)


def _submit(request: HttpRequest, form: SchemaFormForMany, candidates: Sequence[Candidate]) -> list[Job]:
    """Start what can be started, or nothing when the person must first be asked."""
    wanted = [one for one in candidates if one.can_run and (form.cleaned_data[AGAIN] or not one.twin)]
    n_blocked = sum(not one.can_run for one in candidates)
    if not wanted or (n_blocked and WITHOUT not in request.POST):
        return []
    asked = [(one.dataset, one.parameters) for one in wanted]
    key = form.request_key([[dataset.pk, values] for dataset, values in asked])
    is_repeated = bool(jobs_of_request(request.user, key))
    try:
        jobs = submit_jobs(user=request.user, pipeline=form.pipeline, asked=asked, request_key=key)
    except InvalidInput as error:
        form.show_faults(error)
        return []
    if not is_repeated:
        n_twins = sum(bool(one.twin) for one in candidates) if not form.cleaned_data[AGAIN] else 0
        messages.success(request, _words(len(jobs), n_twins, n_blocked))
    return jobs


def _words(n_jobs: int, n_twins: int, n_blocked: int) -> str:
    told = [f"{n_jobs} job{'s were' if n_jobs > 1 else ' was'} started."]
    if n_twins:
        told.append(f"{n_twins} left out: already computed with the same recipe.")
    if n_blocked:
        told.append(f"{n_blocked} left out: cannot be processed.")
    return " ".join(told)


def _told(form: SchemaFormForMany, candidates: Sequence[Candidate]) -> dict[str, object]:
    """Return what the page says of each dataset."""
    files = [leaf for leaf in form.leaves if leaf.is_file]
    names = file_names([(one.dataset, one.parameters) for one in candidates], files)
    varying = form.varying()[:4]
    rows = [
        {
            "candidate": one,
            "files": [names.get(one.parameters.get(leaf.name, 0), "") for leaf in files],
            "values": [form.prefilled[one.dataset.pk].get(leaf.name, "") for leaf in varying],
        }
        for one in candidates
    ]
    blocked = [one for one in candidates if not one.can_run]
    return {
        "rows": rows,
        "file_fields": [form[leaf.name] for leaf in files],
        "varying": [form.shown(leaf) for leaf in varying],
        "blocked": blocked,
        "n_blocked": len(blocked),
        "n_runnable": len(candidates) - len(blocked),
        "n_twins": sum(bool(one.twin) for one in candidates),
    }


def _address(pipeline: Pipeline, datasets: Sequence[Dataset]) -> str:
    address = reverse("reprocess-many", kwargs={"identifier": pipeline.identifier})
    return f"{address}?{selection_query(datasets)}"
