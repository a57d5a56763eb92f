"""Where the broker is: the settings of Celery, read from where ewoks workers and clients read them.

``EWOKS_CONFIG_URI``, ``CELERY_CONFIG_URI`` or ``CELERY_CONFIG_MODULE`` names a
Python file, a YAML file or a Python module. Whoever sets these variables decides
what code runs here. Celery itself knows ``CELERY_BROKER_URL`` and
``CELERY_RESULT_BACKEND``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from workflows.engines import missing_package
from workflows.errors import UnsupportedError, describe_exception

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLES = ("EWOKS_CONFIG_URI", "CELERY_CONFIG_URI", "CELERY_CONFIG_MODULE")
_JSON_ONLY = {"accept_content": ["json"], "task_serializer": "json", "result_serializer": "json"}
"""Other serializers would let whoever reaches the broker run any code."""


def make_app(settings: Mapping[str, Any] | None = None) -> Any:
    """Make a Celery application without tasks; ``settings`` come before those of the environment.

    Raises
    ------
    UnsupportedError
        Celery is not installed, or its settings cannot be read.
    """
    try:
        from celery import Celery  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise missing_package("celery", "celery") from error
    app = Celery("reprise-workflows", set_as_current=False)
    app.conf.update({**read_settings(), **(settings or {}), **_JSON_ONLY})
    return app


def read_settings() -> dict[str, Any]:
    """Read the settings that the environment names; none if it names none.

    Raises
    ------
    UnsupportedError
        They cannot be read.
    """
    place = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), None)
    if place is None:
        return {}
    try:
        found = _read(place)
    except UnsupportedError:
        raise
    except Exception as error:
        text = f"the Celery settings {place!r} cannot be read: {describe_exception(error)}"
        raise UnsupportedError(text) from error
    settings = {str(name).lower(): value for name, value in found.items()}
    section = settings.pop("celery", {})
    return {**settings, **section}


def _read(place: str) -> Mapping[str, Any]:
    address = urlsplit(place)
    if address.scheme not in ("", "file"):
        raise UnsupportedError(f"Celery settings are read from a file or a module, not from {place!r}")
    path = Path(unquote(address.path))
    if path.suffix in (".yml", ".yaml"):
        return _read_yaml(path)
    if path.suffix == ".py":
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(place)
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        import yaml  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise UnsupportedError("settings in YAML need the package 'PyYAML': pip install PyYAML") from error
    content = yaml.safe_load(path.read_text())
    if not isinstance(content, dict):
        raise TypeError("they are not a mapping")
    return content
