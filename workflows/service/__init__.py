"""What a Celery worker does for clients: it runs workflows, also for those of ewoksjob."""
