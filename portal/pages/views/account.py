"""A person's own page: tokens for programs."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from knox.models import AbstractAuthToken, get_token_model

from portal.access.audit import record

__all__ = ["account", "revoke_token"]

_LIFETIME = timedelta(days=90)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Show my tokens; make a new one, which is shown this once."""
    new_token = ""
    if request.method == "POST":
        _, new_token = get_token_model().objects.create(request.user, expiry=_LIFETIME)
        record(request.user, "token.create", request.user.get_username())
    tokens = _tokens(request).order_by("-created")
    return render(request, "account.html", {"tokens": tokens, "new_token": new_token})


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_key: str) -> HttpResponse:
    """Make one of my tokens useless from now on."""
    removed, _ = _tokens(request).filter(token_key=token_key).delete()
    if removed:
        record(request.user, "token.revoke", request.user.get_username())
        messages.success(request, "The token is revoked.")
    return redirect("account")


def _tokens(request: HttpRequest) -> QuerySet[AbstractAuthToken]:
    return get_token_model().objects.filter(user=request.user)
