"""What the experiment was: abstract, timeline, and the e-logbook with the form to write into it."""

from itertools import groupby

from django import forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from portal.access.rules import may_annotate
from portal.catalogue.logbook import LONGEST_TEXT, LogbookEntry, logbook_of
from portal.catalogue.models import Investigation, LogbookEvent
from portal.ingest.logbook import add_logbook_event
from portal.jobs.visit import activity_of
from portal.pages.paging import page_after, page_size
from portal.pages.timeline import timeline
from portal.pages.views.found import investigation_or_404
from portal.pages.views.investigation.list_form import LogbookForm
from portal.pages.views.investigation.page import investigation_context

__all__ = ["experiment"]

Category = LogbookEvent.Category


class AnnotationForm(forms.Form):
    """What a person notes: plain text."""

    text = forms.CharField(
        label="Note",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        error_messages={"required": "Write something first."},
    )
    category = forms.ChoiceField(
        label="Category",
        choices=[(one.value, one.label) for one in (Category.COMMENT, Category.INFO, Category.ERROR)],
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def clean_text(self) -> str:
        """Return the text with the line breaks that everything else has."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")


@require_http_methods(["GET", "HEAD", "POST"])
def experiment(request: HttpRequest, pk: int) -> HttpResponse:
    """Show abstract, timeline and logbook; take an annotation."""
    shown = investigation_or_404(request, pk)
    if request.method == "POST" and not request.user.is_authenticated:
        return redirect_to_login(request.path)
    note = AnnotationForm(request.POST if request.method == "POST" else None, label_suffix="")
    if request.method == "POST" and note.is_valid():
        return _annotated(request, shown, note)
    filters = LogbookForm(request.GET)
    events = logbook_of(
        shown,
        category=filters.wanted("category"),
        text=filters.wanted("text"),
        day=filters.wanted("day") or None,
    )
    page = page_after(
        events,
        order=("-at", "-id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    activity = activity_of(shown)
    context = investigation_context(request, shown, "investigation-experiment") | {
        "form": filters,
        "note": note,
        "page": page,
        "days": [
            (day, list(events)) for day, events in groupby(page.rows, lambda event: localdate(event.at))
        ],
        "activity": activity,
        "timeline": timeline(activity) if activity else "",
        "may_annotate": may_annotate(request.user, shown),
    }
    return render(request, "investigation_experiment.html", context, status=422 if note.errors else 200)


def _annotated(request: HttpRequest, shown: Investigation, note: AnnotationForm) -> HttpResponse:
    entry = LogbookEntry(text=note.cleaned_data["text"], category=note.cleaned_data["category"])
    add_logbook_event(person=request.user, investigation=shown, entry=entry)
    messages.success(request, "Your note is in the logbook.")
    return redirect("investigation-experiment", pk=shown.pk)
