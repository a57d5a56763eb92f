"""How files leave the portal: one file with ranges, or a dataset as one archive of known length."""

import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from zipstream import ZIP_STORED, ZipStream

from portal.catalogue.errors import NotFound
from portal.catalogue.models import Datafile, Dataset
from portal.storage.paths import path_of

__all__ = ["archive_response", "file_response"]

_BLOCK_BYTES = 1 << 20
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_TYPES = {".h5": "application/x-hdf5", ".hdf5": "application/x-hdf5", ".nxs": "application/x-hdf5"}


def file_response(request: HttpRequest, datafile: Datafile) -> HttpResponseBase:
    """Return a file for download, whole or the one range that was asked for.

    A download that broke off can be continued (``curl -C -``): the answer carries a strong ETag, and
    ``If-Range`` with another one gets the whole file.
    """
    path = path_of(datafile)
    status = path.stat()
    etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    wanted = request.headers.get("Range", "") if request.headers.get("If-Range", etag) == etag else ""
    match = _RANGE.fullmatch(wanted.strip())
    if match and _is_valid(*match.groups()):
        response = _partial_response(path, status.st_size, *match.groups())
    else:
        response = FileResponse(path.open("rb"))
        response["Content-Length"] = status.st_size
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    return _as_download(response, Path(datafile.name).name)


def archive_response(dataset: Dataset) -> HttpResponseBase:
    """Return all files of a dataset as one ZIP, stored uncompressed, with its exact length.

    Raises
    ------
    NotFound
        The dataset has no file, or one of them is not in place.
    """
    datafiles = dataset.datafiles.select_related("dataset")
    archive = ZipStream(compress_type=ZIP_STORED, sized=True)
    for datafile in datafiles:
        archive.add_path(path_of(datafile), arcname=f"{dataset.name}/{datafile.name}")
    if not archive:
        raise NotFound(f"{dataset.name} has no files to download.")
    response = StreamingHttpResponse(archive, content_type="application/zip")
    response["Content-Length"] = len(archive)
    return _as_download(response, f"{dataset.name}.zip")


def _is_valid(first: str, last: str) -> bool:
    """Whether the range says something; an invalid one is ignored (RFC 9110, section 14.1.1)."""
    return bool(first or last) and not (first and last and int(first) > int(last))


def _partial_response(path: Path, size: int, first: str, last: str) -> HttpResponseBase:
    """One range as of RFC 9110, section 14: ``first-last``, ``first-`` or the last ``-n`` bytes."""
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start >= size:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(_blocks(path, start, end - start + 1), status=206)
    response["Content-Length"] = end - start + 1
    response["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


def _blocks(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (block := file.read(min(_BLOCK_BYTES, length))):
            length -= len(block)
            yield block


def _as_download(response: HttpResponseBase, name: str) -> HttpResponseBase:
    """Never show it inline: a file of a user must not run as part of a page."""
    guessed = _TYPES.get(Path(name).suffix.lower()) or mimetypes.guess_type(name)[0]
    if response.status_code in (200, 206) and name:
        response["Content-Type"] = guessed or "application/octet-stream"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response
