"""What lists can be narrowed to."""

from django import forms
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from portal.catalogue.models import Dataset, LogbookEvent
from portal.catalogue.search.finding import gathered
from portal.catalogue.search.words import asked_words
from portal.jobs.models import Job

__all__ = ["DatasetFilter", "JobFilter", "LogbookFilter"]

_MAX_ID = 2**63 - 1


class IdFilter(filters.Filter):
    """A whole number that the database can hold."""

    field_class = forms.IntegerField

    def __init__(self, field_name: str, help_text: str) -> None:
        super().__init__(field_name=field_name, min_value=1, max_value=_MAX_ID, help_text=help_text)
        described = {"type": "integer", "format": "int64", "minimum": 1, "description": help_text}
        extend_schema_field(described)(self)


class DatasetFilter(filters.FilterSet):
    """Datasets by where, how and on what they were measured."""

    investigation = IdFilter("investigation", help_text="Id of the investigation.")
    type = filters.ChoiceFilter(choices=Dataset.Type.choices, help_text="Measured, or made from such.")
    sample = filters.CharFilter("sample__name", help_text="Exact name of the sample.")
    technique = filters.CharFilter(
        method="with_technique", help_text="Acronym as XRPD, whatever its case, or PaNET address."
    )
    name = filters.CharFilter("name", lookup_expr="icontains", help_text="A part of the dataset's name.")
    q = filters.CharFilter(
        method="with_words",
        max_length=200,
        help_text="Words of its name, sample, formula, investigation or instrument; all must be found.",
    )

    class Meta:
        model = Dataset
        fields = ["investigation", "type", "sample", "technique", "name", "q"]

    def with_words(self, datasets: QuerySet[Dataset], _: str, text: str) -> QuerySet[Dataset]:
        """Narrow as the search of the pages does."""
        words = asked_words(text)
        return gathered(datasets.filter(words__match=words), within=datasets)[0] if words else datasets

    def with_technique(self, datasets: QuerySet[Dataset], _: str, technique: str) -> QuerySet[Dataset]:
        """Narrow by acronym or address."""
        return datasets.filter(Q(technique__acronym__iexact=technique) | Q(technique__pid=technique))


class JobFilter(filters.FilterSet):
    """Jobs by what they read and run, state and person."""

    dataset = IdFilter("dataset", help_text="Id of the dataset that the job reads.")
    investigation = IdFilter("investigation", help_text="Id of the investigation that the dataset is of.")
    pipeline = filters.CharFilter("pipeline__identifier", help_text="Identifier of the pipeline.")
    batch = filters.UUIDFilter("batch", help_text="The batch of jobs that were started together.")
    state = filters.MultipleChoiceFilter(choices=Job.State.choices, help_text="May be given several times.")
    mine = filters.ChoiceFilter(
        choices=[("true", "my own jobs"), ("false", "those of others")],
        method="of_person",
        help_text="Whose jobs; everybody's unless given.",
    )

    class Meta:
        model = Job
        fields = ["dataset", "investigation", "pipeline", "batch", "state", "mine"]

    def of_person(self, jobs: QuerySet[Job], _: str, mine: str) -> QuerySet[Job]:
        """Narrow to the person's own jobs, or to all but these."""
        own = Q(submitted_by=self.request.user.pk) & Q(submitted_by__isnull=False)
        return jobs.filter(own) if mine == "true" else jobs.exclude(own)


class LogbookFilter(filters.FilterSet):
    """Entries of an e-logbook by what they are and say."""

    type = filters.ChoiceFilter(choices=LogbookEvent.Type.choices, help_text="A person, or a program.")
    category = filters.ChoiceFilter(choices=LogbookEvent.Category.choices, help_text="What kind of entry.")
    text = filters.CharFilter("text", lookup_expr="icontains", help_text="A part of the text.")

    class Meta:
        model = LogbookEvent
        fields = ["type", "category", "text"]
