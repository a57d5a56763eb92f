"""The page of the staff: workers, queues, failures, switches, refusals, room left."""

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.access.models import AuditEvent
from portal.access.rules import may_administer
from portal.jobs.descriptors import descriptors
from portal.jobs.queues import FAILURE_DAYS, failures_lately, queues, worker_states
from portal.pages.site_state import database, disks

__all__ = ["staff", "state"]

_SHOWN_REFUSALS = 20
_REFUSAL_DAYS = 7


@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    """Show everything; for others than staff there is no such page."""
    _staff_or_404(request)
    return render(request, "staff.html", {**_state(), "offers": descriptors(with_disabled=True)})


@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """Return the part of the page that moves; it asks for itself again."""
    _staff_or_404(request)
    return render(request, "staff_state.html", _state())


def _staff_or_404(request: HttpRequest) -> None:
    if not may_administer(request.user):
        raise Http404


def _state() -> dict[str, object]:
    workers = worker_states()
    since = timezone.now() - timedelta(days=_REFUSAL_DAYS)
    refusals = AuditEvent.objects.filter(refused=True, at__gte=since).select_related("user")
    return {
        "now": timezone.now(),
        "workers": workers,
        "queues": queues(workers),
        "failures": failures_lately(),
        "failure_days": FAILURE_DAYS,
        "refusals": refusals.order_by("-at", "-pk")[:_SHOWN_REFUSALS],
        "refusal_days": _REFUSAL_DAYS,
        "disks": disks(),
        "database": database(),
    }
