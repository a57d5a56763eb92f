"""Pipelines, jobs and workers in Django's admin: switching on and off, and looking."""

from django.contrib import admin

from portal.jobs.models import Job, Pipeline, Worker


@admin.register(Pipeline)
class PipelineAdmin(admin.ModelAdmin):
    """Pipelines: on or off, and which queue runs them; the graph comes from its file."""

    list_display = ("label", "identifier", "queue", "enabled")
    list_editable = ("enabled",)
    readonly_fields = ("identifier", "label", "description", "graph", "digest")


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):
    """Jobs, to look at."""

    list_display = (
        "id",
        "pipeline",
        "dataset",
        "submitted_by",
        "state",
        "attempt",
        "created_at",
        "error_code",
    )
    list_filter = ("state", "pipeline", "error_code")
    list_select_related = ("pipeline", "dataset", "submitted_by")
    readonly_fields = [field.name for field in Job._meta.fields]
    show_full_result_count = False


@admin.register(Worker)
class WorkerAdmin(admin.ModelAdmin):
    """Workers that were heard of lately."""

    list_display = ("name", "queue", "seen_at")
