"""The catalogue in Django's admin, for the staff."""

from django.contrib import admin

from portal.catalogue.models import (
    Datafile,
    Dataset,
    Facility,
    Instrument,
    Investigation,
    InvestigationUser,
    Sample,
    Technique,
)

admin.site.register(Facility)


@admin.register(Technique)
class TechniqueAdmin(admin.ModelAdmin):
    """Techniques by PaNET identifier."""

    list_display = ("name", "acronym", "pid")
    search_fields = ("name", "acronym", "pid")


@admin.register(Instrument)
class InstrumentAdmin(admin.ModelAdmin):
    """Instruments and their scientists."""

    list_display = ("name", "full_name", "facility")
    filter_horizontal = ("scientists",)


class InvestigationUserInline(admin.TabularInline):
    """People, edited with their investigation."""

    model = InvestigationUser
    autocomplete_fields = ("user",)
    extra = 1


@admin.register(Investigation)
class InvestigationAdmin(admin.ModelAdmin):
    """Investigations with their people and their embargo."""

    list_display = ("name", "visit_id", "title", "instrument", "start_date", "release_date")
    list_filter = ("instrument",)
    list_select_related = ("instrument",)
    search_fields = ("name", "title")
    inlines = (InvestigationUserInline,)


@admin.register(Sample)
class SampleAdmin(admin.ModelAdmin):
    """Samples."""

    list_display = ("name", "formula", "investigation")
    list_select_related = ("investigation__instrument",)
    search_fields = ("name",)
    raw_id_fields = ("investigation",)


@admin.register(Dataset)
class DatasetAdmin(admin.ModelAdmin):
    """Datasets; related rows by id, because there may be a million."""

    list_display = ("name", "type", "investigation", "started_at", "file_count")
    list_filter = ("type", "technique")
    list_select_related = ("investigation__instrument",)
    search_fields = ("name", "location")
    raw_id_fields = ("investigation", "sample", "inputs", "latest_result")
    show_full_result_count = False


@admin.register(Datafile)
class DatafileAdmin(admin.ModelAdmin):
    """Files."""

    list_display = ("name", "dataset", "size_bytes")
    list_select_related = ("dataset",)
    search_fields = ("name",)
    raw_id_fields = ("dataset",)
    show_full_result_count = False
