"""Investigations, datasets, files."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.access.rules import is_embargoed
from portal.catalogue.models import Dataset, Investigation, InvestigationUser
from portal.catalogue.parameters import parameter

__all__ = ["DatafileSerializer", "DatasetDetailSerializer", "DatasetSerializer", "InvestigationSerializer"]


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "string"}]})
class NumberOrTextField(serializers.Field):
    """A number or a text, as it is stored."""

    default_error_messages = {"type": "Must be a number or a text."}

    def to_representation(self, value: float | str) -> float | str:
        """Return it unchanged."""
        return value

    def to_internal_value(self, data: object) -> float | str:
        """Return it unchanged; a boolean, a list or an object is refused."""
        if isinstance(data, bool) or not isinstance(data, int | float | str):
            self.fail("type")
        return data


class InvestigationSerializer(serializers.Serializer):
    """One visit to an instrument."""

    id = serializers.IntegerField(help_text="The number that names it in addresses.")
    name = serializers.CharField(help_text="The proposal, for example IM-114.")
    visit_id = serializers.CharField(help_text="Which visit of the proposal.")
    title = serializers.CharField(help_text="Title; may be empty.")
    summary = serializers.CharField(help_text="What was done; may be empty.")
    instrument = serializers.CharField(source="instrument.name", help_text="Short name of the instrument.")
    start_date = serializers.DateTimeField(allow_null=True, help_text="First day, ISO 8601.")
    end_date = serializers.DateTimeField(allow_null=True, help_text="Last day, ISO 8601.")
    release_date = serializers.DateTimeField(
        allow_null=True, help_text="When everybody may see the data, ISO 8601; null: not decided."
    )
    embargoed = serializers.SerializerMethodField(help_text="Whether only its own people see it today.")
    licence = serializers.CharField(help_text="SPDX name, for example CC-BY-4.0; may be empty.")
    my_role = serializers.ChoiceField(
        choices=InvestigationUser.Role.choices,
        allow_null=True,
        help_text="What I am in it; null: nothing.",
    )
    may_process = serializers.BooleanField(help_text="Whether I may start and cancel jobs on its datasets.")

    def get_embargoed(self, investigation: Investigation) -> bool:
        """Whether the release date is still to come."""
        return is_embargoed(investigation)


class DatasetSerializer(serializers.Serializer):
    """A dataset as in lists."""

    id = serializers.IntegerField(help_text="The number that names it in addresses.")
    investigation = serializers.IntegerField(source="investigation_id", help_text="Id of its investigation.")
    name = serializers.CharField(help_text="Name; several datasets may have the same.")
    type = serializers.ChoiceField(choices=Dataset.Type.choices, help_text="Measured, or made from such.")
    sample = serializers.CharField(source="sample.name", allow_null=True, help_text="Name of the sample.")
    technique = serializers.CharField(source="technique.acronym", allow_null=True, help_text="As XRPD.")
    technique_pid = serializers.CharField(source="technique.pid", allow_null=True, help_text="PaNET address.")
    started_at = serializers.DateTimeField(allow_null=True, help_text="Start of the measurement, ISO 8601.")
    ended_at = serializers.DateTimeField(allow_null=True, help_text="End of the measurement, ISO 8601.")
    registered_at = serializers.DateTimeField(help_text="When the portal first heard of it, ISO 8601.")
    energy_kev = serializers.FloatField(allow_null=True, help_text="Photon energy in keV.")
    file_count = serializers.IntegerField(help_text="Number of files.")
    size_bytes = serializers.IntegerField(help_text="Size of all files together in bytes.")
    latest_result = serializers.IntegerField(
        source="latest_result_id",
        allow_null=True,
        help_text="Id of the newest dataset made from it here.",
    )


class ParameterSerializer(serializers.Serializer):
    """One parameter of a dataset."""

    value = NumberOrTextField(help_text="A number, or a text where the name is not known to be a number.")
    unit = serializers.CharField(help_text="Unit of the value; empty for counts and texts.")
    label = serializers.CharField(help_text="Name for people.")  # type: ignore[assignment]


class NumberSerializer(serializers.Serializer):
    """One number of a result's summary."""

    name = serializers.CharField(help_text="For programs; does not change.")
    label = serializers.CharField(help_text="Name for people.")  # type: ignore[assignment]
    value = NumberOrTextField(help_text="A number, or a short text as a space group.")
    unit = serializers.CharField(help_text="Unit of the value; empty for counts and texts.")


class DatasetDetailSerializer(DatasetSerializer):
    """All that is known of a dataset."""

    parameters = serializers.SerializerMethodField(help_text="ICAT names with value, unit and label.")
    inputs = serializers.SerializerMethodField(help_text="Ids of the datasets it was made from.")
    numbers = serializers.SerializerMethodField(help_text="The numbers of its summary.")

    @extend_schema_field(serializers.DictField(child=ParameterSerializer()))
    def get_parameters(self, dataset: Dataset) -> dict[str, dict[str, object]]:
        """Return each value with what the table of parameters says of it."""
        rows = {name: parameter(name) for name in sorted(dataset.parameters)}
        return {
            name: {"value": dataset.parameters[name], "unit": row.unit, "label": row.label}
            for name, row in rows.items()
        }

    def get_inputs(self, dataset: Dataset) -> list[int]:
        """Return those that the person may know of; the view fetched no others."""
        return [source.pk for source in dataset.inputs.all()]

    @extend_schema_field(NumberSerializer(many=True))
    def get_numbers(self, dataset: Dataset) -> list[dict[str, Any]]:
        """Return the summary's numbers; none where there is no summary."""
        summary = getattr(dataset, "summary", None)
        return summary.content.get("numbers", []) if summary else []


class DatafileSerializer(serializers.Serializer):
    """One file of a dataset."""

    id = serializers.IntegerField(help_text="The number that names it in addresses.")
    name = serializers.CharField(help_text="Path below the dataset's folder.")
    size_bytes = serializers.IntegerField(help_text="Size in bytes as registered.")
    sha256 = serializers.CharField(help_text="Checksum in hexadecimal; empty while not computed.")
    content = serializers.HyperlinkedIdentityField(
        view_name="api:datafile-content", help_text="Address of its bytes; ranges may be asked for."
    )
