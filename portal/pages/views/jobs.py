"""Jobs: mine, and one with its steps as they go by."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.access.rules import may_process, may_see_logs
from portal.jobs.errors import fault
from portal.jobs.folders import Attempt
from portal.jobs.models import Job
from portal.jobs.selectors import has_live_worker, listed_jobs_visible_to, steps_of
from portal.jobs.services import cancel_job
from portal.pages.paging import page_after, page_size
from portal.pages.views.found import job_or_404

__all__ = ["cancel", "job", "mine", "progress"]

_LOG_BYTES = 20_000
# A young job is looked at often, because most end within seconds; s.
_POLL = ((10, 0.25), (60, 1), (3600, 3))
_POLL_LATER = 10
_NO_WORKER_AFTER_S = 5


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """List the jobs I started, newest first."""
    jobs = listed_jobs_visible_to(request.user).filter(submitted_by_id=request.user.pk)
    page = page_after(
        jobs,
        order=("-created_at", "id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    return render(request, "jobs.html", {"page": page})


@require_safe
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a job: the reason first when it failed, then steps, parameters, log."""
    return render(request, "job.html", _context(request, job_or_404(request, pk)))


@require_safe
def progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the moving part of a job's page; it asks for itself again until the job has ended."""
    return render(request, "job_progress.html", _context(request, job_or_404(request, pk)))


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


def _context(request: HttpRequest, shown: Job) -> dict[str, object]:
    age = (timezone.now() - shown.created_at).total_seconds()
    may = may_process(request.user, shown.dataset.investigation)
    waits = shown.state == Job.State.QUEUED and age > _NO_WORKER_AFTER_S
    return {
        "job": shown,
        "steps": steps_of(shown),
        "fault": fault(shown.error_code) if shown.error_code else None,
        "output": getattr(shown, "output", None),
        "summary": getattr(shown.output.dataset, "summary", None) if hasattr(shown, "output") else None,
        "may_process": may,
        "log": _log(shown)
        if not shown.is_open and may_see_logs(request.user, shown.dataset.investigation)
        else "",
        "poll_s": next((pause for limit, pause in _POLL if age < limit), _POLL_LATER),
        "has_no_worker": waits and not has_live_worker(shown.pipeline.queue),
        "seconds": ((shown.finished_at or timezone.now()) - shown.created_at).total_seconds(),
    }


def _log(shown: Job) -> str:
    """Return the end of what the last attempt printed."""
    path = Attempt(shown.pk, shown.attempt).log
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _LOG_BYTES, 0))
        return file.read().decode(errors="replace")
