"""The catalogue of pipelines, and one of them: drawn, its form, its jobs."""

import json

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.access.rules import may_administer
from portal.catalogue.models import Instrument
from portal.jobs.descriptors import Descriptor, descriptor_of, descriptors
from portal.jobs.health import DAYS, LATEST, Health, health_by_pipeline, pipeline_health
from portal.jobs.models import InstalledWorkflow, Job, Pipeline, TaskDescription
from portal.jobs.selectors import has_live_worker, listed_jobs_visible_to, live_workers
from portal.jobs.switches import switch_pipeline
from portal.pages.catalogue_search import CatalogueSearch
from portal.pages.drawings import draw_workflow
from portal.pages.form_fields import form_fields
from portal.pages.tabs import Tab

__all__ = ["catalogue_context", "document", "pipeline", "pipelines", "switch"]

_RECENT_JOBS = 10
_LATEST_OF_PIPELINE = 200
_MOST_WORKFLOWS = 100
# ESRF's names of what a pipeline fits.
_KEYWORDS = {
    "instrumentName": "Instruments",
    "scanType": "Kinds of scan",
    "definition": "Techniques",
    "cardinality": "Datasets at a time",
    "roles": "People",
    "validityDays": "Age of the data at most (days)",
}


@require_safe
def pipelines(request: HttpRequest) -> HttpResponse:
    """List the pipelines on offer, with how they fared lately; to staff those switched off too."""
    known = descriptors(with_disabled=may_administer(request.user))
    packages = dict(TaskDescription.objects.order_by().values_list("identifier", "package"))
    context = catalogue_context(request, known, packages=set(packages.values()))
    search = context["search"]
    health = health_by_pipeline(request.user)
    served = set(live_workers().values_list("queue", flat=True))
    rows = [
        {
            "offer": offer,
            "health": health.get(offer.pipeline.pk, Health()),
            "is_served": offer.pipeline.queue in served,
        }
        for offer in search.offers(known, packages=packages)
    ]
    context |= {"rows": rows, "workflows": _workflows(search, known), "days": DAYS, "latest": LATEST}
    return render(request, "pipelines.html", context)


@require_safe
def pipeline(request: HttpRequest, identifier: str) -> HttpResponse:
    """Show one pipeline; one that is switched off as well, because its jobs and results remain."""
    shown = get_object_or_404(Pipeline, identifier=identifier)
    health = pipeline_health(request.user, shown)
    # Asked apart: as a subquery, it leads PostgreSQL to read all jobs by date.
    latest = Job.objects.filter(pipeline=shown).order_by("-created_at", "-id").values_list("pk", flat=True)
    jobs = listed_jobs_visible_to(request.user).filter(pk__in=list(latest[:_LATEST_OF_PIPELINE]))
    context = {
        "pipeline": shown,
        "offer": descriptor_of(shown),
        "drawing": draw_workflow(shown.graph),
        "fields": list(form_fields(shown.input_schema)),
        "output_files": shown.attributes.get("output_files", []),
        "keywords": [(_KEYWORDS.get(name, name), _words(value)) for name, value in shown.keywords.items()],
        "health": health,
        "has_worker": has_live_worker(shown.queue),
        "jobs": jobs[:_RECENT_JOBS],
        "may_administer": may_administer(request.user),
        "days": DAYS,
    }
    return render(request, "pipeline.html", context)


@require_safe
def document(request: HttpRequest, identifier: str) -> HttpResponse:  # noqa: ARG001
    """Return the workflow as the ewoks JSON that it is, to be kept and run elsewhere."""
    shown = get_object_or_404(Pipeline, identifier=identifier)
    content = json.dumps(shown.graph, indent=2, ensure_ascii=False)
    name = f'attachment; filename="{shown.identifier}.json"'
    return HttpResponse(content, content_type="application/json", headers={"Content-Disposition": name})


@login_required
@require_POST
def switch(request: HttpRequest, identifier: str) -> HttpResponse:
    """Switch a pipeline on (``enabled=1``) or off; staff only."""
    shown = get_object_or_404(Pipeline.objects.defer("graph"), identifier=identifier)
    enabled = request.POST.get("enabled") == "1"
    if switch_pipeline(user=request.user, pipeline=shown, enabled=enabled):
        now = "offered again" if enabled else "no longer offered; its running jobs go on"
        messages.success(request, f"{shown.label} is {now}.")
    goes_to_staff = request.POST.get("next") == "staff"
    return redirect("staff") if goes_to_staff else redirect("pipeline", identifier=identifier)


def catalogue_context(request: HttpRequest, known: list[Descriptor], *, packages: set[str]) -> dict:
    """Return what both pages of the catalogue need: the search, its choices, the tabs."""
    here = request.resolver_match.url_name if request.resolver_match else ""
    query = request.GET.urlencode()
    tabs = [
        Tab(label, f"{reverse(name)}?{query}" if query else reverse(name), is_current=here == name)
        for label, name in (("Pipelines", "pipelines"), ("Tasks", "tasks"))
    ]
    instruments = set(Instrument.objects.order_by().values_list("name", flat=True))
    instruments |= {name for offer in known for name in offer.instruments}
    return {
        "search": CatalogueSearch.of(request),
        "tabs": tabs,
        "techniques": sorted({name for offer in known for name in offer.techniques}, key=str.lower),
        "instruments": sorted(instruments, key=str.lower),
        "packages": sorted(packages, key=str.lower),
    }


def _workflows(search: CatalogueSearch, known: list[Descriptor]) -> list[InstalledWorkflow]:
    """Return the installed workflows that are no pipeline; they name no technique or instrument."""
    if search.technique or search.instrument:
        return []
    rows = InstalledWorkflow.objects.order_by("name")
    if search.package:
        rows = rows.filter(package=search.package)
    offered = {offer.pipeline.identifier for offer in known}
    return [
        row
        for row in rows[: 10 * _MOST_WORKFLOWS]
        if row.name not in offered and search.has_words(row.name, row.label, row.description, *row.keywords)
    ][:_MOST_WORKFLOWS]


def _words(value: object) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "any" if words == "*" else words
