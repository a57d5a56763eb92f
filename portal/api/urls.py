"""Addresses of the API; every one ends with a slash."""

from django.urls import path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView

from portal.api.views.catalogue import DatafileViewSet, DatasetViewSet, InvestigationViewSet
from portal.api.views.jobs import JobViewSet, PipelineViewSet
from portal.api.views.logbook import LogbookViewSet
from portal.api.views.tokens import CurrentTokenView, TokensView
from portal.catalogue.errors import NotFound

app_name = "api"


@extend_schema(exclude=True)
class NoSuchAddress(APIView):
    """Answers for every other address, so that a program gets JSON there too."""

    permission_classes = ()

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:  # noqa: ARG002
        """Refuse, whatever the method."""
        raise NotFound("There is no such address. Every address of the API ends with a slash.")


router = DefaultRouter()
router.include_format_suffixes = False
router.register("investigations", InvestigationViewSet)
router.register("datasets", DatasetViewSet)
router.register("datafiles", DatafileViewSet)
router.register("pipelines", PipelineViewSet)
router.register("jobs", JobViewSet)

urlpatterns = [
    *router.urls,
    path(
        "investigations/<int:investigation_pk>/logbook/",
        LogbookViewSet.as_view({"get": "list", "post": "create"}),
        name="logbook",
    ),
    path("tokens/", TokensView.as_view(), name="tokens"),
    path("tokens/current/", CurrentTokenView.as_view(), name="current-token"),
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("<path:rest>", NoSuchAddress.as_view()),
]
