"""The engine that speaks with Celery, which need not be installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from workflows.engines import missing_package


def celery_engine() -> Any:
    """Import what submits and cancels jobs.

    Raises
    ------
    UnsupportedError
        Celery is not installed.
    """
    try:
        import_module("celery")
    except ImportError as error:
        raise missing_package("celery", "celery") from error
    return import_module("workflows.engines.celery")
