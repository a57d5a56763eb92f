"""Switching pipelines on and off."""

from django.db import transaction

from portal.access.audit import record
from portal.access.rules import Person, may_administer
from portal.catalogue.errors import NotAllowed
from portal.jobs.models import Pipeline

__all__ = ["switch_pipeline"]


def switch_pipeline(*, user: Person, pipeline: Pipeline, enabled: bool) -> bool:
    """Offer a pipeline for reprocessing or no longer; False when it was so already.

    Jobs that were asked for before run all the same.

    Raises
    ------
    NotAllowed
        ``user`` is not staff.
    """
    action = "pipeline.enable" if enabled else "pipeline.disable"
    if not may_administer(user):
        record(user, action, f"pipeline {pipeline.identifier}", refused=True)
        raise NotAllowed("Only the staff switches pipelines on and off.")
    with transaction.atomic():
        changed = Pipeline.objects.filter(pk=pipeline.pk).exclude(enabled=enabled).update(enabled=enabled)
        if changed:
            record(user, action, f"pipeline {pipeline.identifier}")
    return bool(changed)
