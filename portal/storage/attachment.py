"""What every download says of itself."""

from django.http import HttpResponseBase
from django.utils.http import content_disposition_header

from portal.storage.names import safe_part

__all__ = ["as_attachment"]


def as_attachment(response: HttpResponseBase, name: str, content_type: str) -> HttpResponseBase:
    """Return the answer as a download: it is never shown inline, and could do nothing if it were."""
    if response.status_code in (200, 206):
        response["Content-Type"] = content_type
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=safe_part(name))
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
