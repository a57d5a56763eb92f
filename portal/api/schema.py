"""The API's own description: what every route has in common."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

__all__ = ["ApiSchema"]


class ErrorSerializer(serializers.Serializer):
    """What went wrong."""

    code = serializers.CharField(help_text="For programs: not_found, not_allowed, invalid ...")
    message = serializers.CharField(help_text="For people.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.CharField(),
        required=False,
        help_text="The values that were refused, by dotted name, with a sentence each.",
    )


class ApiSchema(AutoSchema):
    """Adds the one shape of all errors to each route."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        errors = self._get_response_for_code(ErrorSerializer, "default", direction=direction)
        return {**super()._get_response_bodies(direction), "default": errors}
