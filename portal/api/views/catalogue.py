"""Investigations, datasets, files."""

from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet, ReadOnlyModelViewSet

from portal.access.rules import (
    datafiles_visible_to,
    datasets_visible_to,
    investigations_processable_by,
    investigations_visible_to,
)
from portal.api.filters import DatasetFilter
from portal.api.pagination import KeyPagination
from portal.api.registration import register
from portal.api.serializers.catalogue import (
    DatafileSerializer,
    DatasetDetailSerializer,
    DatasetSerializer,
    InvestigationSerializer,
)
from portal.api.serializers.jobs import OfferedPipelineSerializer
from portal.api.serializers.registration import RegistrationSerializer
from portal.catalogue.models import Datafile, Dataset, Investigation, InvestigationUser
from portal.jobs.offers import fitting_pipelines
from portal.storage.chooser import DOWNLOAD_FORMATS, selection_response
from portal.storage.downloads import file_response
from portal.storage.selection import Selection, chosen

__all__ = ["DatafileViewSet", "DatasetViewSet", "InvestigationViewSet"]


class AnyAccepted(BaseContentNegotiation):
    """For downloads, which have the type they have: whatever the client accepts, errors are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:  # noqa: ARG002 - the base has it
        """Return the only one."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:  # noqa: ARG002
        """Return the only one."""
        return renderers[0], renderers[0].media_type


_TYPE = OpenApiParameter("type", enum=Dataset.Type.values, description="Datasets of this type alone.")
_CHOSEN = OpenApiParameter("dataset", int, many=True, required=True, description="Each dataset's number.")
_as_archive = partial(
    extend_schema,
    responses={
        (200, "application/zip"): OpenApiTypes.BINARY,
        (200, "application/x-tar"): OpenApiTypes.BINARY,
        (200, "application/metalink4+xml"): OpenApiTypes.BINARY,
        (200, "text/plain"): OpenApiTypes.BINARY,
        (206, "*/*"): OpenApiTypes.BINARY,
        416: OpenApiResponse(description="The range is beyond the end."),
    },
    filters=False,
)
_FORMAT = OpenApiParameter(
    "format",
    enum=DOWNLOAD_FORMATS,
    default="zip",
    description="An archive of known length, or a list of the files with their addresses or checksums.",
)


class InvestigationViewSet(ReadOnlyModelViewSet):
    """Investigations that I may see, the newest first."""

    queryset = Investigation.objects.none()
    serializer_class = InvestigationSerializer
    pagination_class = KeyPagination

    def get_queryset(self) -> QuerySet[Investigation]:
        """Return what the person sees, with what the person is in it."""
        person = self.request.user
        role = InvestigationUser.objects.filter(investigation=OuterRef("pk"), user=person.pk).values("role")
        processable = investigations_processable_by(person).filter(pk=OuterRef("pk"))
        visible = investigations_visible_to(person).select_related("instrument")
        return visible.annotate(my_role=role[:1], may_process=Exists(processable))

    @_as_archive(parameters=[_TYPE, _FORMAT])
    @action(detail=True, content_negotiation_class=AnyAccepted)
    def archive(self, request: Request, pk: str) -> HttpResponseBase:  # noqa: ARG002 - get_object takes it
        """Return all files of the investigation together, not compressed; a broken download can go on."""
        investigation = self.get_object()
        datasets = datasets_visible_to(request.user).filter(investigation=investigation)
        return _sent(request, Selection(datasets, investigation.name))


class DatasetViewSet(ListModelMixin, RetrieveModelMixin, GenericViewSet):
    """Datasets that I may see, the newest registered first."""

    queryset = Dataset.objects.none()
    pagination_class = KeyPagination
    filterset_class = DatasetFilter

    def get_queryset(self) -> QuerySet[Dataset]:
        """Return what the person sees."""
        visible = datasets_visible_to(self.request.user)
        if self.action == "list":
            return visible.select_related("sample", "technique").defer("parameters")
        with_inputs = visible.prefetch_related(Prefetch("inputs", queryset=visible))
        return with_inputs.select_related("sample", "technique", "summary", "investigation__instrument")

    def get_serializer_class(self) -> type[DatasetSerializer]:
        """Return the short form for lists."""
        return DatasetSerializer if self.action == "list" else DatasetDetailSerializer

    @extend_schema(
        request=RegistrationSerializer,
        responses={
            201: OpenApiResponse(DatasetDetailSerializer, description="New."),
            200: OpenApiResponse(DatasetDetailSerializer, description="Was known; updated."),
        },
    )
    def create(self, request: Request) -> Response:
        """Register a measured dataset, or update it; for scientists of the instrument and staff."""
        told = RegistrationSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        dataset, is_new = register(request.user, told.validated_data)
        content = DatasetDetailSerializer(self.get_queryset().get(pk=dataset.pk)).data
        return Response(content, status=201 if is_new else 200)

    @extend_schema(responses=DatafileSerializer(many=True), filters=False)
    @action(detail=True, filterset_class=None)
    def files(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - get_object takes it
        """Return the dataset's files by name."""
        self.ordering = ("name",)
        page = self.paginate_queryset(self.get_object().datafiles.all())
        return self.get_paginated_response(
            DatafileSerializer(page, many=True, context={"request": request}).data
        )

    @_as_archive(parameters=[_FORMAT])
    @action(detail=True, content_negotiation_class=AnyAccepted, filterset_class=None)
    def archive(self, request: Request, pk: str) -> HttpResponseBase:  # noqa: ARG002
        """Return all files of the dataset together, not compressed; a broken download can go on."""
        return _sent(request, chosen(datasets_visible_to(request.user), [str(self.get_object().pk)]))

    @_as_archive(operation_id="datasets_archive_selected", parameters=[_CHOSEN, _TYPE, _FORMAT])
    @action(
        detail=False,
        url_path="archive",
        url_name="archive-selected",
        content_negotiation_class=AnyAccepted,
        pagination_class=None,
        filterset_class=None,
    )
    def archive_selected(self, request: Request) -> HttpResponseBase:
        """Return all files of the chosen datasets together, not compressed; a broken download can go on."""
        ids = request.query_params.getlist("dataset")
        return _sent(request, chosen(datasets_visible_to(request.user), ids))

    @extend_schema(responses=OfferedPipelineSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def pipelines(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Return the pipelines that fit the dataset and me, filled from it."""
        dataset = self.get_object()
        pipelines = fitting_pipelines(request.user, dataset)
        offered = OfferedPipelineSerializer(pipelines, many=True, context={"dataset": dataset})
        return Response(offered.data)


def _sent(request: Request, selection: Selection) -> HttpResponseBase:
    return selection_response(request._request, selection.of_type(request.query_params.get("type", "")))


class DatafileViewSet(GenericViewSet):
    """The bytes of files that I may see."""

    queryset = Datafile.objects.none()
    content_negotiation_class = AnyAccepted

    def get_queryset(self) -> QuerySet[Datafile]:
        """Return what the person sees."""
        return datafiles_visible_to(self.request.user).select_related("dataset")

    @extend_schema(
        parameters=[OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="As bytes=0-99.")],
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            (206, "*/*"): OpenApiTypes.BINARY,
            416: OpenApiResponse(description="The range is beyond the end."),
        },
    )
    @action(detail=True)
    def content(self, request: Request, pk: str) -> HttpResponseBase:  # noqa: ARG002
        """Return a file's bytes, or one range of them."""
        return file_response(request._request, self.get_object())
