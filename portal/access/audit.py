"""Adding to the record of what people did."""

from django.contrib.auth.models import User

from portal.access.models import AuditEvent
from portal.access.rules import Person

__all__ = ["record"]


def record(person: Person | None, action: str, subject: object, *, refused: bool = False) -> None:
    """Add one act. Call it inside the transaction of the act, so that both are kept or neither.

    A refusal is recorded outside of any transaction that the refusal rolls back.
    """
    user = person if isinstance(person, User) else None
    AuditEvent.objects.create(user=user, action=action, subject=str(subject)[:200], refused=refused)
