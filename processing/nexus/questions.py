"""All that one may ask about an HDF5 file, answered or refused, whatever the file is."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from processing.nexus import h5web
from processing.nexus.browse import describe
from processing.nexus.guard import H5Reader, NotThere, OutsideRoots, Roots, open_h5
from processing.nexus.preview import plot_of
from processing.nexus.reply import Refused, Reply, json_reply
from workflows import InputError

__all__ = ["QUESTIONS", "answer"]

Question = Callable[[H5Reader, h5web.Query, int], Reply]


def look(file: H5Reader, query: h5web.Query, max_bytes: int) -> Reply:
    """Give what a page without scripts shows of one object: what it is (`describe`) and what it plots."""
    path, frame = (query.get(name, [""])[0] for name in ("path", "frame"))
    entity = describe(file, path or "/")
    plot = plot_of(file, path or "/", frame=int(frame) if frame.isdecimal() else 0, max_bytes=max_bytes)
    return json_reply({"entity": asdict(entity), "plot": plot})


QUESTIONS: dict[str, Question] = {**h5web.QUESTIONS, "look": look}


def answer(question: str, path: Path | str, query: h5web.Query, *, roots: Roots, max_bytes: int) -> Reply:
    """Answer a question about a file; a refusal is JSON with a ``message``.

    Its status is 404 for what is not there or cannot be reached, 403 for what is outside the roots, 413
    for more than ``max_bytes``, 422 for a question or a file that makes no sense.
    """
    try:
        with open_h5(path, roots) as file:
            return QUESTIONS[question](file, query, max_bytes)
    except Refused as refused:
        return _refusal(refused.status, refused.message)
    except NotThere as missing:
        asked = (query.get("path") or ["/"])[0]
        return _refusal(404, f"{asked[:200]} is not a valid path: {missing.message}")
    except OutsideRoots as outside:
        return _refusal(403, outside.message)
    except InputError as error:
        return _refusal(404, error.message)
    except MemoryError:
        return _refusal(413, "Reading this takes more memory than one request may have: choose a slice")


def _refusal(status: int, message: str) -> Reply:
    return json_reply({"message": message}, status)
