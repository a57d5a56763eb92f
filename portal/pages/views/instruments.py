"""The instruments, and one of them: what it offers, what was measured, how its jobs fare."""

from collections.abc import Collection

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from portal.access.rules import investigations_visible_to, may_see_health
from portal.catalogue.models import Dataset, Instrument, Technique
from portal.jobs.descriptors import Descriptor, descriptors
from portal.jobs.health import DAYS, InstrumentHealth, instrument_health
from portal.jobs.selectors import live_workers
from portal.pages.charts import Series, bar_chart
from portal.pages.paging import page_after, page_size

__all__ = ["instrument", "instruments"]

_RECENT = 10
_NEWEST_FIRST = (F("start_date").desc(nulls_last=True), "-id")


@require_safe
def instruments(request: HttpRequest) -> HttpResponse:
    """List the instruments, each with the latest investigation that the visitor may see."""
    visible = investigations_visible_to(request.user)
    latest = visible.filter(instrument=OuterRef("pk")).order_by(*_NEWEST_FIRST).values("pk")[:1]
    page = page_after(
        Instrument.objects.select_related("facility").annotate(latest=Subquery(latest)),
        order=("name", "id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    keys = [row.latest for row in page.rows if row.latest]
    investigations = visible.in_bulk(keys)
    techniques = _techniques(keys)
    known = descriptors()
    rows = [
        {
            "instrument": row,
            "latest": investigations.get(row.latest),
            "techniques": techniques.get(row.latest, []),
            "n_offers": len(_offered(known, row, techniques.get(row.latest, []))),
        }
        for row in page.rows
    ]
    return render(request, "instruments.html", {"page": page, "rows": rows})


@require_safe
def instrument(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one instrument; how its jobs fare to its scientists and staff only."""
    shown = get_object_or_404(Instrument.objects.select_related("facility"), pk=pk)
    recent = list(
        investigations_visible_to(request.user).filter(instrument=shown).order_by(*_NEWEST_FIRST)[:_RECENT]
    )
    found = _techniques([investigation.pk for investigation in recent])
    techniques = sorted({each for group in found.values() for each in group}, key=lambda each: each.name)
    health = instrument_health(request.user, shown) if may_see_health(request.user, shown) else None
    context = {
        "instrument": shown,
        "investigations": recent,
        "techniques": techniques,
        "offers": _offered(descriptors(), shown, techniques),
        "served": set(live_workers().values_list("queue", flat=True)),
        "health": health,
        "chart": _chart(health) if health else "",
        "days": DAYS,
        "scientists": _scientists(shown) if request.user.is_authenticated else [],
    }
    return render(request, "instrument.html", context)


def _techniques(investigations: Collection[int]) -> dict[int, list[Technique]]:
    """Return the techniques of the datasets of some investigations, by the key of each."""
    pairs = (
        Dataset.objects.filter(investigation__in=investigations, technique__isnull=False)
        .order_by()
        .values_list("investigation_id", "technique_id")
        .distinct()
    )
    known = Technique.objects.in_bulk({technique for _, technique in pairs})
    found: dict[int, list[Technique]] = {}
    for investigation, technique in pairs:
        found.setdefault(investigation, []).append(known[technique])
    return found


def _offered(
    known: list[Descriptor], shown: Instrument, techniques: Collection[Technique]
) -> list[Descriptor]:
    """Return what is meant for the instrument and, where that is known, for what is measured on it."""
    acronyms = [technique.acronym for technique in techniques]
    return [
        offer
        for offer in known
        if offer.fits_instrument(shown.name)
        and (not acronyms or any(offer.fits_technique(acronym) for acronym in acronyms))
    ]


def _scientists(shown: Instrument) -> QuerySet:
    return shown.scientists.filter(is_active=True).order_by("last_name", "first_name", "username")


def _chart(health: InstrumentHealth) -> str:
    return bar_chart(
        title=f"Jobs asked for each day, last {DAYS} days",
        labels=[f"{day.date.day} {day.date:%b}" for day in health.days],
        series=[
            Series("succeeded", [day.n_succeeded for day in health.days], "good"),
            Series("failed", [day.n_failed for day in health.days], "bad"),
        ],
        unit="jobs",
    )
