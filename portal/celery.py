"""The Celery application: wake-up calls from the web side to the workers.

A message carries a job's id and nothing else; the job's row is the truth (docs/architecture.md).
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("reprise")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["portal.jobs"], related_name="messages")
