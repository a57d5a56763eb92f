"""The e-logbook of an investigation."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from portal.access.rules import investigations_visible_to
from portal.api.filters import LogbookFilter
from portal.api.pagination import KeyPagination
from portal.api.serializers.logbook import LogbookEntrySerializer, LogbookEventSerializer
from portal.catalogue.errors import NotFound
from portal.catalogue.logbook import LogbookEntry, logbook_of
from portal.catalogue.models import Investigation, LogbookEvent
from portal.ingest.logbook import add_logbook_event

__all__ = ["LogbookViewSet"]


_INVESTIGATION = OpenApiParameter(
    "investigation_pk", int, OpenApiParameter.PATH, description="Id of the investigation."
)


@extend_schema_view(list=extend_schema(parameters=[_INVESTIGATION]))
class LogbookViewSet(ListModelMixin, GenericViewSet):
    """What was noted in an investigation that I may see, the newest first."""

    queryset = LogbookEvent.objects.none()
    serializer_class = LogbookEventSerializer
    pagination_class = KeyPagination
    ordering = ("-at", "-id")
    filterset_class = LogbookFilter

    def get_queryset(self) -> QuerySet[LogbookEvent]:
        """Return the entries of the investigation in the address."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return logbook_of(self._investigation())

    @extend_schema(
        parameters=[_INVESTIGATION],
        request=LogbookEntrySerializer,
        responses={
            201: OpenApiResponse(LogbookEventSerializer, description="Added."),
            200: OpenApiResponse(LogbookEventSerializer, description="Was told before, with the same time."),
        },
        filters=False,
    )
    def create(self, request: Request, investigation_pk: int) -> Response:  # noqa: ARG002 - in kwargs
        """Add an entry: participants annotate, scientists of the instrument and staff also notify."""
        told = LogbookEntrySerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values = dict(told.validated_data)
        entry = LogbookEntry(dataset_id=values.pop("dataset", None), **values)
        event, is_new = add_logbook_event(
            person=request.user, investigation=self._investigation(), entry=entry
        )
        return Response(self.get_serializer(event).data, status=201 if is_new else 200)

    def _investigation(self) -> Investigation:
        visible = investigations_visible_to(self.request.user).select_related("instrument")
        found = visible.filter(pk=self.kwargs["investigation_pk"]).first()
        if found is None:
            raise NotFound("There is no such thing, or you may not know of it.")
        return found
