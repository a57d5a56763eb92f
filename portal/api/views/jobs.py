"""Pipelines and jobs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from portal.access.rules import Person, datasets_visible_to
from portal.api.filters import JobFilter
from portal.api.pagination import KeyPagination
from portal.api.serializers.jobs import (
    BatchRequestSerializer,
    BatchSerializer,
    EventsSerializer,
    FollowSerializer,
    JobDetailSerializer,
    JobRequestSerializer,
    JobSerializer,
    PipelineSerializer,
)
from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset
from portal.jobs.batches import candidates_for, jobs_of_request, submit_jobs
from portal.jobs.models import Job, Pipeline
from portal.jobs.offers import fitting_pipelines
from portal.jobs.prefill import prefilled_for, prefilled_parameters
from portal.jobs.selectors import jobs_visible_to, listed_jobs_visible_to
from portal.jobs.services import cancel_job, retry_job, submit_job

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
        dataset = get_object_or_404(_datasets(request.user), pk=wanted["dataset"])
        pipeline = _fitting_pipeline(request.user, dataset, wanted["pipeline"])
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

    @extend_schema(
        request=BatchRequestSerializer,
        responses={
            201: OpenApiResponse(BatchSerializer, description="Queued."),
            200: OpenApiResponse(BatchSerializer, description="Nothing new was started."),
        },
        filters=False,
    )
    @action(detail=False, methods=["post"], pagination_class=None, filterset_class=None)
    def batch(self, request: Request) -> Response:
        """Start one job on each of several datasets; all, or none when one of them cannot be processed."""
        asked = BatchRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        key = wanted.get("request_key", uuid4())
        jobs = jobs_of_request(request.user, key)
        computed: list[int] = []
        is_repeated = bool(jobs)
        if not is_repeated:
            jobs, computed = _start_batch(request.user, wanted, key)
        content = {"batch": jobs[0].batch if jobs else None, "jobs": jobs, "computed": computed}
        answer = BatchSerializer(content, context=self.get_serializer_context())
        return Response(answer.data, status=201 if jobs and not is_repeated else 200)

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

    @extend_schema(
        request=None,
        responses={
            201: OpenApiResponse(JobDetailSerializer, description="Queued."),
            200: OpenApiResponse(JobDetailSerializer, description="I have tried it again before."),
        },
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Start a failed or cancelled job again, as a new job with the same values."""
        job = self.get_object()
        known = set(job.reruns.values_list("pk", flat=True))
        again = retry_job(user=request.user, job=job)
        return Response(self.get_serializer(again).data, status=200 if again.pk in known else 201)


def _datasets(person: Person) -> QuerySet[Dataset]:
    """Return the datasets that a person sees, with what decides about pipelines."""
    return datasets_visible_to(person).select_related("investigation__instrument", "technique")


def _start_batch(person: Person, wanted: Mapping[str, Any], key: UUID) -> tuple[list[Job], list[int]]:
    """Start the jobs; return them, and the datasets that have such a result already."""
    ids = list(dict.fromkeys(wanted["datasets"]))
    found = _datasets(person).in_bulk(ids)
    if missing := [str(pk) for pk in ids if pk not in found]:
        text = f"There is no dataset {', '.join(missing)}."
        raise InvalidInput(text, fields={"datasets": text})
    pipeline = Pipeline.objects.filter(identifier=wanted["pipeline"], enabled=True).first()
    if pipeline is None:
        text = f"There is no pipeline {wanted['pipeline']!r}."
        raise InvalidInput(text, fields={"pipeline": text})
    prefilled = prefilled_for(pipeline, [found[pk] for pk in ids])
    asked = [(found[pk], _merged(prefilled[pk], wanted["parameters"])) for pk in ids]
    computed: list[int] = []
    if not wanted["compute_again"]:
        candidates = candidates_for(user=person, pipeline=pipeline, asked=asked)
        computed = [one.dataset.pk for one in candidates if one.twin]
        asked = [one for one in asked if one[0].pk not in computed]
    jobs = submit_jobs(user=person, pipeline=pipeline, asked=asked, request_key=key) if asked else []
    return jobs, computed


def _fitting_pipeline(person: Person, dataset: Dataset, identifier: str) -> Pipeline:
    fitting = {pipeline.identifier: pipeline for pipeline in fitting_pipelines(person, dataset)}
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
