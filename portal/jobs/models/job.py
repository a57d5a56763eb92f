"""One reprocessing asked by a person, what happened to it, and what came out."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.catalogue.models import Dataset, Investigation
from portal.jobs.models.pipeline import Pipeline

__all__ = ["Job", "JobEvent", "Output"]


class Job(models.Model):
    """A pipeline run on a dataset.

    ``attempt`` counts the times a worker took the job and is its fencing token: whoever finishes
    names the attempt it works for, and a worker that lost its lease changes nothing.
    """

    class State(models.TextChoices):
        """Queued and running are open; the other three never change again."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN_STATES = (State.QUEUED, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="jobs")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="jobs")
    # The dataset's own, kept here so that no list of jobs has to look there.
    investigation = models.ForeignKey(Investigation, on_delete=models.PROTECT, related_name="jobs")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="jobs"
    )
    # A form or request carries one key; the same key again returns this job.
    request_key = models.UUIDField(unique=True)
    # Jobs that one click started on several datasets carry the same batch.
    batch = models.UUIDField(null=True, blank=True, db_index=True)
    rerun_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="reruns"
    )
    workflow = models.JSONField(help_text="The graph as it was when the job was asked for.")
    parameters = models.JSONField(default=dict)
    # The same workflow, parameters and input files give the same digest: "already computed".
    recipe_digest = models.CharField(max_length=64, db_index=True)

    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(
        default=0, help_text="Attempts that ended in a fault that may heal."
    )
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=255, blank=True)
    # A job that is tried again waits until then.
    not_before = models.DateTimeField(default=timezone.now)
    announced_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "not_before"]),
            models.Index(fields=["dataset", "-created_at", "-id"]),
            models.Index(fields=["submitted_by", "-created_at", "-id"]),
            models.Index(fields=["investigation", "-created_at", "-id"]),
            models.Index(fields=["pipeline", "state", "-finished_at"]),
            models.Index(fields=["pipeline", "-created_at", "-id"]),
            models.Index(fields=["-created_at", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline_id}:{self.id}"

    @property
    def is_open(self) -> bool:
        """Whether the job may still change."""
        return self.state in self.OPEN_STATES


class JobEvent(models.Model):
    """One thing that happened to a job. Rows are only ever added."""

    class Kind(models.TextChoices):
        """What the event tells of: the job as a whole, or one step of its workflow."""

        SUBMITTED = "submitted", "Submitted"
        STARTED = "started", "Started"
        STEP_STARTED = "step_started", "Step started"
        STEP_PROGRESS = "step_progress", "Step progress"
        STEP_ENDED = "step_ended", "Step ended"
        RETRY = "retry", "Will be tried again"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=20, choices=Kind)
    step = models.CharField(max_length=255, blank=True, help_text="Node id of the workflow.")
    state = models.CharField(max_length=20, blank=True, help_text="How a step ended.")
    progress = models.FloatField(null=True, blank=True, help_text="0 to 100.")
    message = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["job", "id"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.step}".strip()


class Output(models.Model):
    """What a job published: one processed dataset. A row exists only once all of it is in place."""

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="output")
    dataset = models.OneToOneField(Dataset, on_delete=models.PROTECT, related_name="output_of")
    attempt = models.PositiveIntegerField()
    record = models.JSONField(help_text="processing.provenance.record of the run.")
    published_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"output of {self.job_id}"
