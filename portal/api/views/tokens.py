"""Tokens for programs: got with a password, shown once, kept as a digest."""

from datetime import timedelta

from django.db import transaction
from drf_spectacular.utils import extend_schema
from knox.models import get_token_model
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.access.audit import record
from portal.api.authentication import PasswordAuthentication, TokenAuthentication
from portal.api.serializers.tokens import TokenRequestSerializer, TokenSerializer

__all__ = ["CurrentTokenView", "TokensView"]


class TokensView(APIView):
    """New tokens."""

    authentication_classes = (PasswordAuthentication,)
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=TokenRequestSerializer, responses={201: TokenSerializer})
    def post(self, request: Request) -> Response:
        """Make a token; user name and password by HTTP Basic."""
        asked = TokenRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        lifetime = timedelta(days=asked.validated_data["lifetime_days"])
        with transaction.atomic():
            row, token = get_token_model().objects.create(request.user, expiry=lifetime)
            record(request.user, "token.create", request.user.get_username())
        row.token = token
        return Response(TokenSerializer(row).data, status=201)


class CurrentTokenView(APIView):
    """The token that the request carries."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Make the token of this request useless from now on."""
        with transaction.atomic():
            request.auth.delete()
            record(request.user, "token.revoke", request.user.get_username())
        return Response(status=204)
