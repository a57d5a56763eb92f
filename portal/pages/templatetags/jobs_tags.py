"""What templates need to show jobs and the menu of pipelines."""

from typing import Any

from django import forms, template
from django.utils import timezone

from portal.catalogue.models import Dataset
from portal.jobs.models import Job
from portal.jobs.offers import offers_for
from portal.jobs.parameter_values import file_names, given_values

register = template.Library()


@register.filter
def waited(job: Job) -> float | None:
    """Return how long a job waited for a worker, or has waited so far, in s."""
    if job.state == Job.State.CANCELLED and not job.started_at:
        return None
    end = job.started_at if job.started_at and job.state != Job.State.QUEUED else timezone.now()
    return max((end - job.created_at).total_seconds(), 0)


@register.filter
def took(job: Job) -> float | None:
    """Return how long the last attempt took, or has taken so far, in s; None before it began."""
    if job.started_at is None or job.state == Job.State.QUEUED:
        return None
    return max(((job.finished_at or timezone.now()) - job.started_at).total_seconds(), 0)


@register.simple_tag(takes_context=True)
def job_parameters(context: dict[str, Any], job: Job) -> list[dict[str, object]]:
    """Return a job's parameters as its form named them: label, value, unit."""
    values = given_values(job)
    names = file_names(context["request"].user, values)
    return [{"label": each.label, "value": each.shown(names), "unit": each.unit} for each in values]


@register.filter
def field_label(form: forms.Form, name: str) -> str:
    """Return what the form calls a parameter; its own name where the form has none."""
    return str(form.fields[name].label) if name in form.fields else name


@register.inclusion_tag("reprocess_menu.html", takes_context=True)
def reprocess_menu(context: dict[str, Any], dataset: Dataset, label: str = "Reprocess") -> dict[str, object]:
    """Show the pipelines that fit one dataset as a menu.

    Asks the database, so use it once a page; lists link to ``choose-pipeline``. Show it only to those
    who may process the dataset.
    """
    offers = offers_for(context["request"].user, [dataset])
    return {
        "dataset": dataset,
        "label": label,
        "offers": [offer for offer in offers if offer.is_offered],
        "n_others": sum(not offer.is_offered for offer in offers),
    }
