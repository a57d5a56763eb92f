"""What is told to, and read from, an e-logbook."""

from rest_framework import serializers

from portal.catalogue.logbook import LONGEST_TEXT
from portal.catalogue.models import LogbookEvent

__all__ = ["LogbookEntrySerializer", "LogbookEventSerializer"]

_MAX_ID = 2**63 - 1


class LogbookEntrySerializer(serializers.Serializer):
    """An entry to be added. The same one told again with the same ``at`` is added once."""

    text = serializers.CharField(max_length=LONGEST_TEXT, help_text="Plain text, shown as it is.")
    type = serializers.ChoiceField(
        choices=LogbookEvent.Type.choices,
        default=LogbookEvent.Type.ANNOTATION,
        help_text="Notifications are told by the instrument's scientists and staff alone.",
    )
    category = serializers.ChoiceField(
        choices=LogbookEvent.Category.choices,
        default=LogbookEvent.Category.COMMENT,
        help_text="What kind of entry.",
    )
    at = serializers.DateTimeField(required=False, help_text="When it happened, ISO 8601; otherwise now.")
    dataset = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=_MAX_ID,
        help_text="Id of the dataset that it is about, one of the investigation.",
    )
    software = serializers.CharField(
        required=False, max_length=100, help_text="The program that tells it, for example bliss."
    )


class LogbookEventSerializer(serializers.Serializer):
    """An entry of the e-logbook."""

    id = serializers.IntegerField(help_text="The number that names it.")
    type = serializers.ChoiceField(choices=LogbookEvent.Type.choices, help_text="A person, or a program.")
    category = serializers.ChoiceField(choices=LogbookEvent.Category.choices, help_text="What kind of entry.")
    text = serializers.CharField(help_text="Plain text.")
    at = serializers.DateTimeField(help_text="When it happened, ISO 8601.")
    dataset = serializers.IntegerField(
        source="dataset_id", allow_null=True, help_text="Id of the dataset that it is about."
    )
    software = serializers.CharField(help_text="The program that told it; may be empty.")
    author = serializers.SerializerMethodField(
        help_text="Who wrote it; null for visitors without login, and where the person is gone."
    )

    def get_author(self, event: LogbookEvent) -> str | None:
        """Return the person's name, which open data do not give away."""
        if event.author is None or not self.context["request"].user.is_authenticated:
            return None
        return event.author.get_full_name() or event.author.get_username()
