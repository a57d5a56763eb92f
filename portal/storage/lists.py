"""Lists of a selection's files for programs that fetch them one by one. They have no limit.

Every file is named by its address in the API, which takes a token as well as a session, and by the same
``sample/dataset/file`` as in an archive.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from xml.sax.saxutils import escape, quoteattr

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse

from portal.storage.attachment import as_attachment
from portal.storage.selection import ListedFile, Selection, files_of

__all__ = ["LISTS", "checksum_line", "list_response"]

_LINES_AT_ONCE = 500


@dataclass(frozen=True)
class ListFormat:
    """How a list is written: what comes before, one piece of text for each file and its URL, the end."""

    ending: str
    content_type: str
    line: Callable[[ListedFile, str], str]
    head: str = ""
    foot: str = ""


def checksum_line(file: ListedFile) -> str:
    """Return a line for ``sha256sum --check``; it passes over those whose checksum is not known."""
    return f"{file.sha256}  {file.name}\n" if file.sha256 else f"# no checksum is known of {file.name}\n"


def _metalink_file(file: ListedFile, url: str) -> str:
    """Return a file as of RFC 5854."""
    checksum = f'<hash type="sha-256">{escape(file.sha256)}</hash>' if file.sha256 else ""
    size = f"<size>{file.size_bytes}</size>"
    return f"<file name={quoteattr(file.name)}>{size}{checksum}<url>{escape(url)}</url></file>\n"


def _curl_file(file: ListedFile, url: str) -> str:
    """Return a file as of ``curl --config``, where a quotation mark is escaped by a backslash."""
    name = file.name.replace('"', '\\"')
    return f'url = "{url}"\noutput = "{name}"\n'


LISTS = {
    "metalink": ListFormat(
        "meta4",
        "application/metalink4+xml",
        _metalink_file,
        '<?xml version="1.0" encoding="UTF-8"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">\n',
        "</metalink>\n",
    ),
    "curl": ListFormat("curl", "text/plain; charset=utf-8", _curl_file, "create-dirs\n"),
    "urls": ListFormat("urls.txt", "text/plain; charset=utf-8", lambda _, url: f"{url}\n"),
    "checksums": ListFormat("sha256", "text/plain; charset=utf-8", lambda file, _: checksum_line(file)),
}


def list_response(request: HttpRequest, selection: Selection, kind: str) -> HttpResponseBase:
    """Return a list of the selection's files, in one of the forms of ``LISTS``.

    Only rows are looked at: sizes and checksums are those that were registered.
    """
    form = LISTS[kind]
    before, _, after = request.build_absolute_uri(reverse("api:datafile-content", args=[0])).rpartition("0")
    lines = (form.line(file, f"{before}{file.pk}{after}") for file in files_of(selection.datasets))
    response = StreamingHttpResponse(_gathered(chain([form.head], lines, [form.foot])))
    return as_attachment(response, f"{selection.title}.{form.ending}", form.content_type)


def _gathered(lines: Iterable[str]) -> Iterator[str]:
    """Yield many lines at a time: each piece is a package of its own on the network."""
    pieces: list[str] = []
    for line in lines:
        pieces.append(line)
        if len(pieces) == _LINES_AT_ONCE:
            yield "".join(pieces)
            pieces.clear()
    yield "".join(pieces)
