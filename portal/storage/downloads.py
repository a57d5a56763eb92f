"""How one file leaves the portal: sent from here, or by the web server in front."""

import mimetypes
from pathlib import PurePosixPath
from typing import Any, cast
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase

from portal.catalogue.models import Datafile
from portal.storage.attachment import as_attachment
from portal.storage.files import BLOCK_BYTES, FoundFile, Part
from portal.storage.paths import DatasetPlace
from portal.storage.ranges import ranged_response

__all__ = ["INTERNAL_PREFIX", "file_response"]

# Below this address nginx, and nobody else, finds the data folders (``print_nginx_config``).
INTERNAL_PREFIX = "/reprise-internal"
_TYPES = dict.fromkeys((".h5", ".hdf5", ".nxs"), "application/x-hdf5")


def file_response(request: HttpRequest, datafile: Datafile) -> HttpResponseBase:
    """Return a file for download, whole or the one range that was asked for.

    A broken download can be continued (``curl -C -``): the answer carries a strong ETag, and ``If-Range``
    with another one gets the whole file. Behind nginx (``REPRISE_SENDFILE=x-accel``) all of this is
    nginx's work, and the answer only tells it which file.

    Raises
    ------
    NotFound
        The file is not in place.
    """
    found = DatasetPlace(datafile.dataset).find(datafile.name)
    name = PurePosixPath(datafile.name).name
    if settings.SENDFILE == "x-accel":
        response: HttpResponseBase = HttpResponse(
            headers={
                "X-Accel-Redirect": INTERNAL_PREFIX + quote(found.path),
                "Cache-Control": "private, no-transform",
            }
        )
    else:
        response = ranged_response(
            request,
            etag=found.etag,
            size=found.size,
            body=lambda start, length: _part_response(found, start, length),
        )
    return as_attachment(response, name, _type_of(name))


class _PartResponse(FileResponse):
    # For servers without sendfile.
    block_size = BLOCK_BYTES


def _part_response(found: FoundFile, start: int, length: int) -> HttpResponseBase:
    return _PartResponse(cast("Any", Part(found.open(), start, length)))


def _type_of(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
