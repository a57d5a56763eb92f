"""Tables on a terminal."""

from __future__ import annotations

import shutil
import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_LONGEST_CELL = 40
_LEAST_LAST = 30


def table_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write rows below each other; long cells are wrapped, the last column takes what width is left."""
    rows = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [
        min(max(len(cell) for cell in column), _LONGEST_CELL) for column in zip(columns, *rows, strict=True)
    ]
    taken = sum(widths[:-1]) + 2 * len(widths)
    widths[-1] = max(shutil.get_terminal_size((120, 24)).columns - taken, _LEAST_LAST)
    yield _line(columns, widths)
    yield _line(["-" * len(name) for name in columns], widths)
    for row in rows:
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        yield from (_line(parts, widths) for parts in zip_longest(*cells, fillvalue=""))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n"
