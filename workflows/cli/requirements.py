"""The requirements that a workflow notes: packages for pip, and nothing else."""

from __future__ import annotations

import re
from typing import Final

from workflows.errors import GraphError

# Texts are matched after their white space was made single spaces, and no part can match in two ways.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?: ?\[[A-Za-z0-9._, -]*\])?"
_VERSION = r"(?:===|[<>=!~]=|[<>]) ?(?:[0-9]+!)?[A-Za-z0-9.*+_-]+"
_MARKER = r"(?: ?;[^\r\n]*)?"
_URL = r"(?:git\+|hg\+)?(?:https?|ssh)://\S+"
_PACKAGE: Final = re.compile(rf"{_NAME}(?: ?{_VERSION}(?: ?, ?{_VERSION})*)?{_MARKER}")
_ADDRESS: Final = re.compile(rf"(?:{_NAME} ?@ ?)?{_URL}{_MARKER}")
_LONGEST: Final = 1000


def checked_requirements(written: object) -> list[str]:
    """Return the requirements in the form of pip.

    Raises
    ------
    GraphError
        One is neither a package, with or without versions, nor the address of
        one: such as an option of pip, or a file of this machine.
    """
    if written is None:
        return []
    if not isinstance(written, list | tuple):
        raise GraphError("graph: requirements: must be a list of packages as pip names them")
    requirements = []
    for each in written:
        text = " ".join(each.split()) if isinstance(each, str) and len(each) <= _LONGEST else None
        if text is None or not (_PACKAGE.fullmatch(text) or _ADDRESS.fullmatch(text)):
            raise GraphError(
                f"the requirement {str(each)[:100]!r} is refused: it is neither a package nor a web address"
            )
        requirements.append(text)
    return requirements


def is_address(requirement: str) -> bool:
    """Tell whether a requirement names the place that it comes from."""
    return _PACKAGE.fullmatch(requirement) is None
