"""Pictures and texts that people uploaded or pipelines made, shown and never run.

An SVG is a document that may hold scripts, and a text may look like HTML: opened on our address they
would act as the visitor. So everything is sent under a policy that allows nothing and into a sandbox,
HTML is sent as plain text, and the browser must not guess another type.
"""

from pathlib import PurePath

from django.conf import settings
from django.http import FileResponse, HttpResponseBase

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Datafile
from portal.storage.paths import path_of

__all__ = ["is_showable", "shown_response"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_TEXT = "text/plain; charset=utf-8"
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    **dict.fromkeys((".txt", ".log", ".md", ".rst", ".csv", ".tsv", ".dat", ".xy", ".xye", ".chi"), _TEXT),
    **dict.fromkeys(
        (".html", ".htm", ".xml", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".py", ".poni"), _TEXT
    ),
}


def is_showable(datafile: Datafile) -> bool:
    """Whether a file is a picture or a text, by its name, and not too large to be shown."""
    return _type_of(datafile) is not None and datafile.size_bytes <= settings.SHOWN_LIMIT_BYTES


def shown_response(datafile: Datafile) -> HttpResponseBase:
    """Return a file to be shown in place, as a page of its own or as the source of an ``<img>``.

    Raises
    ------
    InvalidInput
        It is neither a picture nor a text, or too large.
    NotFound
        The file is gone.
    """
    content_type = _type_of(datafile)
    if content_type is None:
        raise InvalidInput(f"{datafile.name} is neither a picture nor a text; download it.")
    path = path_of(datafile)
    if path.stat().st_size > settings.SHOWN_LIMIT_BYTES:
        limit = settings.SHOWN_LIMIT_BYTES >> 20
        raise InvalidInput(f"{datafile.name} is larger than the {limit} MB that are shown here; download it.")
    name = PurePath(datafile.name).name
    response = FileResponse(path.open("rb"), content_type=content_type, filename=name)
    response["Content-Security-Policy"] = _POLICY
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _type_of(datafile: Datafile) -> str | None:
    return _TYPES.get(PurePath(datafile.name).suffix.lower())
