"""Who works, and who sweeps."""

from django.db import models

__all__ = ["SweepLock", "Worker"]


class Worker(models.Model):
    """A worker that was heard of, once for each queue it serves."""

    name = models.CharField(max_length=255)
    queue = models.CharField(max_length=100)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "queue"], name="worker_once_per_queue")]

    def __str__(self) -> str:
        return self.name


class SweepLock(models.Model):
    """One row: until when which worker sweeps, so that a hundred workers sweep as often as one."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    held_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"held until {self.held_until}"
