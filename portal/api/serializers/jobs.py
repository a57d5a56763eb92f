"""Pipelines, jobs, what happens to jobs."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.jobs.batches import AT_MOST
from portal.jobs.errors import fault
from portal.jobs.models import Job, JobEvent, Pipeline
from portal.jobs.parameters import prefilled_parameters
from portal.jobs.selectors import has_live_worker, steps_of

__all__ = [
    "BatchRequestSerializer",
    "BatchSerializer",
    "EventsSerializer",
    "FollowSerializer",
    "JobDetailSerializer",
    "JobRequestSerializer",
    "JobSerializer",
    "OfferedPipelineSerializer",
    "PipelineSerializer",
]


class PipelineSerializer(serializers.Serializer):
    """A workflow that is offered for reprocessing."""

    identifier = serializers.CharField(help_text="The name to start it by.")
    label = serializers.CharField(help_text="Name for people.")  # type: ignore[assignment]
    description = serializers.CharField(help_text="What it does; may be empty.")
    keywords = serializers.DictField(help_text="The techniques and instruments that it fits.")
    input_schema = serializers.DictField(help_text="JSON Schema of its parameters, with their units.")
    ui_schema = serializers.SerializerMethodField(help_text="How a form shows the parameters.")
    has_live_worker = serializers.SerializerMethodField(help_text="Whether a job would start at once.")

    @extend_schema_field(serializers.DictField())
    def get_ui_schema(self, pipeline: Pipeline) -> object:
        """Return the descriptor's own."""
        return pipeline.attributes.get("ui_schema", {})

    def get_has_live_worker(self, pipeline: Pipeline) -> bool:
        """Whether its queue is served."""
        return has_live_worker(pipeline.queue)


class OfferedPipelineSerializer(PipelineSerializer):
    """A pipeline that fits a dataset, filled from it."""

    parameters = serializers.SerializerMethodField(help_text="What a job gets unless told otherwise.")

    @extend_schema_field(serializers.DictField())
    def get_parameters(self, pipeline: Pipeline) -> dict[str, object]:
        """Return the prefilled values."""
        return prefilled_parameters(pipeline, self.context["dataset"])


class JobRequestSerializer(serializers.Serializer):
    """What to run on what."""

    dataset = serializers.IntegerField(min_value=1, help_text="Id of the dataset to process.")
    pipeline = serializers.CharField(max_length=100, help_text="Identifier of a fitting pipeline.")
    parameters = serializers.DictField(
        default=dict,
        help_text=(
            "What differs from the prefilled values, as a JSON Merge Patch (RFC 7396): "
            "objects are merged, null removes a value, anything else replaces it."
        ),
    )
    request_key = serializers.UUIDField(
        required=False,
        help_text="Chosen by you. The same key again returns the same job.",
    )


class BatchRequestSerializer(serializers.Serializer):
    """What to run on several datasets."""

    datasets = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=AT_MOST,
        help_text="Ids of the datasets to process; each becomes a job of its own.",
    )
    pipeline = serializers.CharField(max_length=100, help_text="Identifier of a pipeline that fits them all.")
    parameters = serializers.DictField(
        default=dict,
        help_text="As for one dataset, over the values prefilled from each of them.",
    )
    compute_again = serializers.BooleanField(
        default=False, help_text="Run also where the same recipe has given a result already."
    )
    request_key = serializers.UUIDField(
        required=False, help_text="Chosen by you. The same key again returns the same jobs."
    )


class JobErrorSerializer(serializers.Serializer):
    """Why a job failed."""

    code = serializers.CharField(source="error_code", help_text="For programs; does not change.")
    message = serializers.CharField(source="error_message", help_text="What happened.")
    remedy = serializers.SerializerMethodField(help_text="What helps.")

    def get_remedy(self, job: Job) -> str:
        """Return what is known to help."""
        return fault(job.error_code).remedy


class JobSerializer(serializers.Serializer):
    """A job as in lists."""

    id = serializers.UUIDField(help_text="Names it in addresses.")
    dataset = serializers.IntegerField(source="dataset_id", help_text="Id of the dataset that it reads.")
    pipeline = serializers.CharField(source="pipeline.identifier", help_text="Identifier of the pipeline.")
    state = serializers.ChoiceField(choices=Job.State.choices, help_text="Where it is.")
    is_open = serializers.BooleanField(help_text="Whether it may still change.")
    is_mine = serializers.SerializerMethodField(help_text="Whether I started it.")
    attempt = serializers.IntegerField(help_text="How often a worker has taken it.")
    batch = serializers.UUIDField(allow_null=True, help_text="Shared by jobs that were started together.")
    rerun_of = serializers.UUIDField(
        source="rerun_of_id", allow_null=True, help_text="The job that this one repeats or changes."
    )
    created_at = serializers.DateTimeField(help_text="When it was asked for, ISO 8601.")
    started_at = serializers.DateTimeField(allow_null=True, help_text="Start of the last attempt, ISO 8601.")
    finished_at = serializers.DateTimeField(allow_null=True, help_text="When it ended, ISO 8601.")
    output = serializers.IntegerField(
        source="output.dataset_id", allow_null=True, help_text="Id of the dataset that it made."
    )

    def get_is_mine(self, job: Job) -> bool:
        """Whether the person of the request started it."""
        return job.submitted_by_id is not None and job.submitted_by_id == self.context["request"].user.pk


class BatchSerializer(serializers.Serializer):
    """Jobs that were started together."""

    batch = serializers.UUIDField(allow_null=True, help_text="Names them; null when nothing was started.")
    jobs = JobSerializer(many=True, help_text="One for each dataset that is processed.")
    computed = serializers.ListField(
        child=serializers.IntegerField(help_text="Id of a dataset."),
        help_text="Datasets that were left out, because the same recipe has given a result already.",
    )


class StepSerializer(serializers.Serializer):
    """One step of a job's latest attempt."""

    id = serializers.CharField(source="node_id", help_text="Node of the workflow.")
    label = serializers.CharField(help_text="Name for people.")  # type: ignore[assignment]
    state = serializers.CharField(help_text="waiting, running, or how it ended.")
    seconds = serializers.FloatField(allow_null=True, help_text="How long it took, or takes so far, in s.")
    progress = serializers.FloatField(allow_null=True, help_text="How far it is, in percent.")
    message = serializers.CharField(help_text="What it last said; may be empty.")


class JobDetailSerializer(JobSerializer):
    """All that is known of a job."""

    parameters = serializers.DictField(help_text="The parameters it runs with.")
    steps = serializers.SerializerMethodField(help_text="The steps of the latest attempt in their order.")
    error = serializers.SerializerMethodField(help_text="Why it failed; null while it has not.")

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, job: Job) -> Any:
        """Return the steps, those still to come included."""
        return StepSerializer(steps_of(job), many=True).data

    @extend_schema_field(JobErrorSerializer(allow_null=True))
    def get_error(self, job: Job) -> dict[str, object] | None:
        """Return why it failed."""
        return JobErrorSerializer(job).data if job.error_code else None


class FollowSerializer(serializers.Serializer):
    """From where on to follow a job."""

    after = serializers.IntegerField(
        default=0, min_value=0, max_value=2**63 - 1, help_text="`last` of the answer before; 0 for the start."
    )


class EventSerializer(serializers.Serializer):
    """One thing that happened to a job."""

    id = serializers.IntegerField(help_text="The number that names it in addresses.")
    at = serializers.DateTimeField(help_text="When, ISO 8601.")
    attempt = serializers.IntegerField(help_text="In which attempt; 0 before the first.")
    kind = serializers.ChoiceField(choices=JobEvent.Kind.choices, help_text="What happened.")
    step = serializers.CharField(help_text="Node of the workflow; empty when it is about the whole job.")
    state = serializers.CharField(help_text="How a step ended; otherwise empty.")
    progress = serializers.FloatField(allow_null=True, help_text="How far a step is, in percent.")
    message = serializers.CharField(help_text="More about it; may be empty.")


class EventsSerializer(serializers.Serializer):
    """What happened since, the oldest first, at most 200 events."""

    state = serializers.ChoiceField(choices=Job.State.choices, help_text="Where the job is.")
    is_open = serializers.BooleanField(help_text="Whether more may happen; ask again in a second or two.")
    last = serializers.IntegerField(help_text="Give it as `after` the next time.")
    results = EventSerializer(many=True, help_text="The events.")
