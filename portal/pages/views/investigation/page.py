"""What all tabs of an investigation have in common: its header, and the tabs themselves."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from portal.access.rules import may_process
from portal.catalogue.models import Investigation, InvestigationUser
from portal.catalogue.totals import COUNTED_DATASETS, totals_of
from portal.jobs.models import Job
from portal.pages.paging import COUNTED_TO
from portal.pages.tabs import Tab

__all__ = ["investigation_context"]


def investigation_context(request: HttpRequest, shown: Investigation, here: str) -> dict[str, Any]:
    """Return what ``investigation.html`` needs; ``here`` is the name of the tab's address."""
    totals = totals_of(shown)
    more = "+" if totals.is_capped else ""
    n_jobs = _counted(Job.objects.filter(investigation=shown))
    tabs = (
        ("investigation", "Datasets", f"{totals.n_measured}{more}"),
        ("investigation-processed", "Processed", f"{totals.n_results}{more}"),
        ("investigation-samples", "Samples", _counted(shown.samples.all())),
        ("investigation-experiment", "Experiment", None),
        ("investigation-jobs", "Jobs", n_jobs),
        ("investigation-statistics", "Statistics", None),
    )
    return {
        "investigation": shown,
        "totals": totals,
        "counted_datasets": COUNTED_DATASETS,
        "people": _people(shown) if request.user.is_authenticated else [],
        "may_process": may_process(request.user, shown),
        "here": next(label for name, label, _ in tabs if name == here).lower(),
        "tabs": [
            Tab(label, reverse(name, args=[shown.pk]), name == here, count) for name, label, count in tabs
        ],
    }


def _people(shown: Investigation) -> list[InvestigationUser]:
    """Return the people in the order of their roles: the principal investigator first."""
    roles = [str(role) for role in InvestigationUser.Role]
    people = shown.investigation_users.select_related("user").order_by("user__last_name", "pk")
    return sorted(people, key=lambda person: roles.index(person.role))


def _counted(rows: QuerySet[Any]) -> str:
    n = rows.order_by()[: COUNTED_TO + 1].count()
    return f"{COUNTED_TO}+" if n > COUNTED_TO else str(n)
