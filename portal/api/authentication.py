"""Who sends a request: a token's owner, or, to get a token, somebody with a password."""

import re
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication as KnoxAuthentication
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

__all__ = ["PasswordAuthentication", "TokenAuthentication"]

_TOKEN = re.compile(rb"[0-9A-Za-z_]+")
# Longer than any user name; the table of failed logins would not keep it.
_MAX_USERNAME = 150


class TokenAuthentication(KnoxAuthentication):
    """``Authorization: Token rpr_...``."""

    def authenticate_credentials(self, token: bytes) -> tuple[AbstractBaseUser, Any]:
        """Return the token's owner and the token; what cannot be a token never reaches the database."""
        if not _TOKEN.fullmatch(token):
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)


class PasswordAuthentication(BasicAuthentication):
    """HTTP Basic, with the same lock against guessing as the login page."""

    www_authenticate_realm = "Reprise"

    def authenticate_credentials(
        self, userid: str, password: str, request: Request | None = None
    ) -> tuple[AbstractBaseUser, None]:
        """Return the person with this name and password.

        Raises
        ------
        Throttled
            Too many attempts have failed; the right password is not looked at either.
        """
        if request is None or len(userid) > _MAX_USERNAME or "\0" in userid + password:
            raise AuthenticationFailed("Invalid username/password.")
        http_request = request._request
        # A form that cannot be read is refused now: the lock would stumble over it after a wrong
        # password, and not count the attempt.
        http_request.POST  # noqa: B018
        try:
            # The lock knows Django's own requests.
            return super().authenticate_credentials(userid, password, cast("Request", http_request))
        except AuthenticationFailed:
            if not getattr(http_request, "axes_locked_out", False):
                raise
            # The lock's middleware would answer with the login page.
            http_request.axes_locked_out = False  # type: ignore[attr-defined]
            raise Throttled(wait=_lock_seconds(), detail="Too many failed logins.") from None


def _lock_seconds() -> float:
    return timedelta(hours=settings.AXES_COOLOFF_TIME).total_seconds()


class TokenScheme(OpenApiAuthenticationExtension):
    """How the API's description speaks of tokens."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - the base has it
        """Return the scheme's definition."""
        return build_bearer_security_scheme_object(header_name="Authorization", token_prefix="Token")  # noqa: S106


class PasswordScheme(OpenApiAuthenticationExtension):
    """How the API's description speaks of passwords."""

    target_class = PasswordAuthentication
    name = "password"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - the base has it
        """Return the scheme's definition."""
        return {"type": "http", "scheme": "basic"}
