"""What is told when a measured dataset is registered."""

from typing import Any

from rest_framework import serializers

from portal.api.serializers.catalogue import NumberOrTextField

__all__ = ["RegistrationSerializer"]


class RegisteredFileSerializer(serializers.Serializer):
    """One file of the dataset."""

    name = serializers.CharField(
        max_length=500,
        trim_whitespace=False,
        help_text="Path below the dataset's folder, of a file that is there.",
    )
    size_bytes = serializers.IntegerField(
        required=False, min_value=0, help_text="Size in bytes; refused when the file has another."
    )
    sha256 = serializers.RegexField(
        "^[0-9a-f]{64}$",
        required=False,
        help_text="Checksum, 64 hexadecimal digits; kept as told.",
    )


class RegistrationSerializer(serializers.Serializer):
    """A measured dataset: a folder, or one file, with what is known of it.

    The same investigation and location again replace what was told before, except that files are
    added or updated and never removed.
    """

    investigation = serializers.IntegerField(min_value=1, help_text="Id of the investigation.")
    name = serializers.CharField(max_length=255, help_text="Name of the dataset.")
    location = serializers.CharField(
        max_length=1000,
        trim_whitespace=False,
        help_text="Absolute path of the folder, or of the single file, below a raw data folder.",
    )
    sample = serializers.CharField(max_length=255, required=False, help_text="Name of the sample.")
    technique = serializers.CharField(
        max_length=255, required=False, help_text="PaNET address, name or acronym, for example XRPD."
    )
    started_at = serializers.DateTimeField(required=False, help_text="Start of the measurement, ISO 8601.")
    ended_at = serializers.DateTimeField(required=False, help_text="End of the measurement, ISO 8601.")
    parameters = serializers.DictField(
        child=NumberOrTextField(),
        default=dict,
        help_text="ICAT names with values in ICAT's units, as InstrumentMonochromator_energy in keV.",
    )
    files = RegisteredFileSerializer(
        many=True, required=False, help_text="The files; without it, all files below the location."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse an end before the start, and a file that is named twice."""
        started_at, ended_at = attrs.get("started_at"), attrs.get("ended_at")
        if started_at and ended_at and ended_at < started_at:
            raise serializers.ValidationError({"ended_at": "The end is before the start."})
        names = [file["name"] for file in attrs.get("files", ())]
        if len(names) != len(set(names)):
            raise serializers.ValidationError({"files": "A file is named twice."})
        return attrs
