"""The end of a sentence about a name that does not exist."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING

from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

_FEW = 12
_MANY = 1000
_LONG = 100


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
    names = [str(item) for item in islice(known, _MANY)]
    text = name if isinstance(name, str) else shown(name)
    close = difflib.get_close_matches(text, names, n=1) if len(text) <= _LONG else []
    if close:
        return f"; did you mean {shown(close[0])}?"
    if 0 < len(names) <= _FEW:
        return "; known: " + ", ".join(shown(item) for item in names)
    return ""
