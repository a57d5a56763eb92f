"""Pipelines and jobs."""

from collections.abc import Mapping
from uuid import uuid4

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from portal.access.rules import datasets_visible_to
from portal.api.filters import JobFilter
from portal.api.pagination import KeyPagination
from portal.api.serializers.jobs import (
    EventsSerializer,
    FollowSerializer,
    JobDetailSerializer,
    JobRequestSerializer,
    JobSerializer,
    PipelineSerializer,
)
from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset
from portal.jobs.models import Job, Pipeline
from portal.jobs.parameters import prefilled_parameters
from portal.jobs.selectors import jobs_visible_to, listed_jobs_visible_to, pipelines_for
from portal.jobs.services import cancel_job, submit_job

__all__ = ["JobViewSet", "PipelineViewSet"]

_EVENTS_AT_ONCE = 200
_IDENTIFIER = OpenApiParameter("identifier", str, OpenApiParameter.PATH, description="Its name.")


@extend_schema_view(retrieve=extend_schema(parameters=[_IDENTIFIER]))
class PipelineViewSet(ReadOnlyModelViewSet):
    """The pipelines that this portal offers."""

    queryset = Pipeline.objects.filter(enabled=True)
    serializer_class = PipelineSerializer
    pagination_class = KeyPagination
    ordering = ("identifier",)
    lookup_field = "identifier"


class JobViewSet(ReadOnlyModelViewSet):
    """Jobs on datasets that I may see, the newest first."""

    queryset = Job.objects.none()
    pagination_class = KeyPagination
    ordering = ("-created_at", "-id")
    filterset_class = JobFilter

    def get_queryset(self) -> QuerySet[Job]:
        """Return what the person sees."""
        visible = listed_jobs_visible_to if self.action == "list" else jobs_visible_to
        return visible(self.request.user)

    def get_serializer_class(self) -> type[JobSerializer]:
        """Return the short form for lists."""
        return JobSerializer if self.action == "list" else JobDetailSerializer

    @extend_schema(
        request=JobRequestSerializer,
        responses={
            201: OpenApiResponse(JobDetailSerializer, description="Queued."),
            200: OpenApiResponse(JobDetailSerializer, description="The job of the same request key."),
        },
    )
    def create(self, request: Request) -> Response:
        """Start a job: a pipeline on a dataset, with the prefilled parameters and what differs from them."""
        asked = JobRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        dataset = get_object_or_404(datasets_visible_to(request.user), pk=wanted["dataset"])
        pipeline = _fitting_pipeline(dataset, wanted["pipeline"])
        key = wanted.get("request_key", uuid4())
        is_repeated = Job.objects.filter(request_key=key).exists()
        job = submit_job(
            user=request.user,
            dataset=dataset,
            pipeline=pipeline,
            parameters=_merged(prefilled_parameters(pipeline, dataset), wanted["parameters"]),
            request_key=key,
        )
        return Response(self.get_serializer(job).data, status=200 if is_repeated else 201)

    @extend_schema(parameters=[FollowSerializer], responses=EventsSerializer, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def events(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - get_object takes it
        """Follow a job: return what happened after an event, at once."""
        asked = FollowSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        after = asked.validated_data["after"]
        job = self.get_object()
        events = list(job.events.filter(pk__gt=after).order_by("pk")[:_EVENTS_AT_ONCE])
        last = events[-1].pk if events else after
        content = {"state": job.state, "is_open": job.is_open, "last": last, "results": events}
        return Response(EventsSerializer(content).data)

    @extend_schema(request=None, responses=JobDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Cancel a queued or running job; one that has ended stays as it is."""
        cancel_job(user=request.user, job=self.get_object())
        return Response(self.get_serializer(self.get_object()).data)


def _fitting_pipeline(dataset: Dataset, identifier: str) -> Pipeline:
    fitting = {pipeline.identifier: pipeline for pipeline in pipelines_for(dataset)}
    if identifier not in fitting:
        text = f"{identifier!r} does not fit this dataset; there are: {', '.join(sorted(fitting)) or 'none'}."
        raise InvalidInput(f"The pipeline {text}", fields={"pipeline": text})
    return fitting[identifier]


def _merged(values: object, patch: Mapping[str, object]) -> dict[str, object]:
    """Return the values changed by a JSON Merge Patch (RFC 7396)."""
    merged = dict(values) if isinstance(values, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value) if isinstance(value, Mapping) else value
    return merged
