"""The audit in Django's admin: to read, never to change."""

from django.contrib import admin
from django.http import HttpRequest

from portal.access.models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(admin.ModelAdmin):
    """Acts, newest first."""

    list_display = ("at", "user", "action", "subject", "refused")
    list_filter = ("action", "refused")
    search_fields = ("subject", "user__username")
    list_select_related = ("user",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody writes history by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:  # noqa: ARG002
        """Nobody rewrites it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:  # noqa: ARG002
        """Nobody loses it."""
        return False
