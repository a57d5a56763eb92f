"""The end of a sentence about a name that does not exist."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FEW = 12


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Suggest the closest known name, or list them all when they are few.

    Examples
    --------
    >>> did_you_mean("n_bin", ["n_bins", "mask"])
    "; did you mean 'n_bins'?"
    >>> did_you_mean("z", ["mask", "frames"])
    "; known: 'mask', 'frames'"
    >>> did_you_mean("z", [])
    ''
    """
    names = [str(item) for item in known]
    close = difflib.get_close_matches(str(name), names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    if 0 < len(names) <= _FEW:
        return "; known: " + ", ".join(repr(item) for item in names)
    return ""
