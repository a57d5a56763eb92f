"""The portal: what people and programs see, and the only floor that knows Django."""

# Imported here so that a web process publishes to the configured broker and never to Celery's default one.
from portal.celery import app as celery_app

__all__ = ["celery_app"]
