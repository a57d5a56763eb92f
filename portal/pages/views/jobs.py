"""One job: why it failed, its steps as they go by, its log, what went in and what came out."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.access.rules import datafiles_visible_to, may_process, may_see_logs
from portal.catalogue.models import Datafile
from portal.jobs.errors import fault
from portal.jobs.estimates import estimate_for
from portal.jobs.folders import Attempt
from portal.jobs.models import Job
from portal.jobs.parameters import file_parameters
from portal.jobs.selectors import Step, jobs_visible_to, steps_of
from portal.jobs.services import cancel_job, retry_job
from portal.pages.views.found import job_or_404
from portal.pages.workflow_graph import workflow_svg

__all__ = ["cancel", "job", "progress", "retry"]

_LOG_BYTES = 20_000
# A young job is looked at often, because most end within seconds; s.
_POLL = ((10, 0.25), (60, 1), (3600, 3))
_POLL_LATER = 10
_NO_WORKER_AFTER_S = 5
_SHOWN_RERUNS = 20


@require_safe
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a job: the reason first when it failed, then steps, log, inputs, parameters, environment."""
    shown = job_or_404(request, pk)
    visible = jobs_visible_to(request.user)
    context = {
        **_moving(request, shown),
        "earlier": visible.filter(pk=shown.rerun_of_id).first() if shown.rerun_of_id else None,
        "reruns": visible.filter(rerun_of=shown)[:_SHOWN_RERUNS],
        "inputs": _inputs(request, shown),
    }
    return render(request, "job.html", context)


@require_safe
def progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the moving parts of a job's page; they ask for themselves again until the job has ended."""
    context = {**_moving(request, job_or_404(request, pk)), "is_fragment": True}
    return render(request, "job_progress.html", context)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cancel a job."""
    found = job_or_404(request, pk)
    if cancel_job(user=request.user, job=found):
        messages.success(request, "The job is cancelled. Nothing of it was published.")
    else:
        messages.info(request, "The job had already ended.")
    return redirect("job", pk=pk)


@login_required
@require_POST
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Start a failed or cancelled job again with the same values, and show the new one."""
    return redirect("job", pk=retry_job(user=request.user, job=job_or_404(request, pk)).pk)


def _moving(request: HttpRequest, shown: Job) -> dict[str, object]:
    """Return what the page and its fragment share."""
    age = (timezone.now() - shown.created_at).total_seconds()
    output = getattr(shown, "output", None)
    steps = steps_of(shown)
    sees_logs = may_see_logs(request.user, shown.dataset.investigation)
    return {
        "job": shown,
        "steps": steps,
        "span": _span(shown, steps),
        "graph": workflow_svg(shown.workflow, {step.node_id: step for step in steps}),
        "fault": fault(shown.error_code) if shown.error_code else None,
        "output": output,
        "summary": getattr(output.dataset, "summary", None) if output else None,
        "may_process": may_process(request.user, shown.dataset.investigation),
        "may_see_logs": sees_logs,
        "log": _log(shown) if sees_logs else "",
        "poll_s": next((pause for limit, pause in _POLL if age < limit), _POLL_LATER),
        "waits": estimate_for(shown.pipeline)
        if shown.state == Job.State.QUEUED and age > _NO_WORKER_AFTER_S
        else None,
        "seconds": ((shown.finished_at or timezone.now()) - shown.created_at).total_seconds(),
    }


def _span(shown: Job, steps: list[Step]) -> dict[str, tuple[float, float]]:
    """Return where each step's bar begins and how long it is, in percent of the attempt."""
    if shown.started_at is None:
        return {}
    ends = [step.ended_at or timezone.now() for step in steps if step.started_at]
    whole = max(((end - shown.started_at).total_seconds() for end in ends), default=0) or 1
    spans = {}
    for step in steps:
        if step.started_at and step.seconds is not None:
            begin = (step.started_at - shown.started_at).total_seconds()
            spans[step.node_id] = (max(begin / whole * 100, 0), max(step.seconds / whole * 100, 0.5))
    return spans


def _inputs(request: HttpRequest, shown: Job) -> list[dict[str, object]]:
    """Return the files that the job reads: what for, name, size, and the checksum that the run recorded."""
    given = {
        name: (spec.get("title") or name, shown.parameters[name])
        for name, spec in file_parameters(shown.workflow["graph"].get("input_schema") or {})
        if shown.parameters.get(name) is not None
    }
    files = datafiles_visible_to(request.user).in_bulk([pk for _, pk in given.values()])
    record = shown.output.record if hasattr(shown, "output") else {}
    sums = {file["name"]: file["sha256"] for file in record.get("input_files", ())}
    return [
        {"label": label, "file": files.get(pk), "sha256": _sum(files.get(pk), sums)}
        for label, pk in given.values()
    ]


def _sum(file: Datafile | None, sums: dict[str, str]) -> str:
    return sums.get(file.name.rpartition("/")[2], file.sha256) if file else ""


def _log(shown: Job) -> str:
    """Return the end of what the last attempt has printed so far."""
    path = Attempt(shown.pk, shown.attempt).log
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _LOG_BYTES, 0))
        return file.read(_LOG_BYTES).decode(errors="replace")
