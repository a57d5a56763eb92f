"""Numbers as colours: a palette that is even to the eye, and PNG pictures in it, by no plotting library."""

import struct
import zlib

import numpy as np

__all__ = ["N_COLOURS", "palette_png"]

N_COLOURS = 256
"""Entries of the palette; the first is for what is missing."""

# Where the colours pass through on their way from dark to bright (those of matplotlib's viridis, which
# is even to the eye, also to one that does not tell red from green).
_STOPS = np.array(
    [
        *((68, 1, 84), (70, 50, 127), (54, 92, 141), (39, 127, 142)),
        *((31, 161, 135), (74, 194, 109), (159, 218, 58), (253, 231, 37)),
    ],
    dtype=float,
)
_GREY = (128, 128, 128)


def palette_png(indices: np.ndarray, *, is_missing_clear: bool = False) -> bytes:
    """Write a picture (PNG specification, colour type 3).

    Parameters
    ----------
    indices : array (rows, columns) of uint8
        0 where a value is missing, else 1 (dark, low) to 255 (bright, high).  The first row is on top.
    is_missing_clear : bool
        What is missing lets the page through instead of being grey.
    """
    at = np.linspace(0, len(_STOPS) - 1, N_COLOURS - 1)
    colours = np.stack([np.interp(at, range(len(_STOPS)), channel) for channel in _STOPS.T], axis=1)
    palette = bytes(_GREY) + colours.round().astype(np.uint8).tobytes()
    rows, columns = indices.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    lines = np.zeros((rows, columns + 1), np.uint8)  # each line begins with the number of its filter
    lines[:, 1:] = indices
    chunks = [(b"IHDR", header), (b"PLTE", palette)]
    if is_missing_clear:
        chunks.append((b"tRNS", b"\0"))
    chunks += [(b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
