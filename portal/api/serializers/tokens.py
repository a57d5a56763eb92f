"""Tokens."""

from rest_framework import serializers

__all__ = ["TokenRequestSerializer", "TokenSerializer"]


class TokenRequestSerializer(serializers.Serializer):
    """How long a token is to live."""

    lifetime_days = serializers.IntegerField(
        default=90, min_value=1, max_value=365, help_text="Days until it expires, at most 365."
    )


class TokenSerializer(serializers.Serializer):
    """A new token."""

    token = serializers.CharField(help_text="Send it as `Authorization: Token ...`. It is shown this once.")
    created = serializers.DateTimeField(help_text="When it was made, ISO 8601.")
    expires = serializers.DateTimeField(source="expiry", help_text="When it ends, ISO 8601.")
