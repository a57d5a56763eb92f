"""Pictures that show whether a calibration is right: rings over the image, lines over the pattern.

Drawn without a screen, in colours that do not rely on telling red from green (Okabe and Ito), and the
same bytes for the same content.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

__all__ = ["Style", "draw_calibration", "draw_pattern"]

ORANGE, SKY_BLUE, BLUE, VERMILION = "#E69F00", "#56B4E9", "#0072B2", "#D55E00"
CLIPPED_PERCENTILES = (5.0, 99.8)
CONTOUR_SIDE = 400
"""Lines of equal 2 theta are drawn from at most so many points a side: they are smooth."""

MAX_LABELS = 12
_drawing = threading.Lock()
"""matplotlib's settings belong to the whole process."""


@dataclass(frozen=True)
class Style:
    """Size of a picture in inches, dots an inch, and of its letters in points."""

    figsize: tuple[float, float] = (12.0, 6.0)
    dpi: float = 100.0
    fontsize: float = 11.0


def draw_calibration(
    image: np.ndarray,
    is_used: np.ndarray,
    *,
    two_theta_deg: np.ndarray,
    rings: Mapping[str, tuple[float, np.ndarray, np.ndarray]],
    expected_deg: Sequence[float],
    found_deg: Mapping[str, np.ndarray],
    style: Style,
    is_log: bool = True,
) -> bytes:
    """Draw the rings over the image, and how far the points are from them.

    Parameters
    ----------
    image, is_used, two_theta_deg : arrays (rows, columns)
        Counts, which pixels count, and 2 theta of each by the geometry.
    rings : mapping
        Name -> 2 theta in degrees by Bragg's law, rows and columns of the points (n,).
    expected_deg : 2 theta of all rings of the calibrant in degrees
    found_deg : mapping
        Name -> 2 theta in degrees of each point by the geometry.
    is_log : bool
        Logarithmic colours.

    Returns
    -------
    bytes
        A PNG.
    """
    with _figure(style) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2)) if rings else (figure.subplots(), None)
        _draw_image(left, image, is_used, is_log=is_log)
        _draw_rings(left, two_theta_deg, expected_deg)
        for _, rows, columns in rings.values():
            left.plot(columns, rows, ".", color=SKY_BLUE, markersize=2.5)
        left.set(title="Calibrant rings (orange), points used (blue), masked pixels (dark blue)")
        if right is not None:
            _draw_residuals(right, rings, found_deg)
        return _png(figure, style)


def draw_pattern(
    x: np.ndarray,
    y: np.ndarray,
    *,
    yerror: np.ndarray | None,
    x_label: str,
    lines: Mapping[str, float],
    style: Style,
    scaling: str,
) -> bytes:
    """Draw a pattern with the lines of a calibrant.

    Parameters
    ----------
    x, y, yerror : array (n,)
    x_label : str
        With the unit.
    lines : mapping
        Name of a ring -> its place, in the unit of x.
    scaling : str
        "squareroot", "log" or "linear".

    Returns
    -------
    bytes
        A PNG.
    """
    with _figure(style) as figure:
        axes = figure.subplots()
        axes.plot(x, y, color=BLUE, linewidth=0.9)
        if yerror is not None and np.isfinite(yerror).any():
            axes.fill_between(x, y - yerror, y + yerror, color=SKY_BLUE, alpha=0.5, linewidth=0)
        if scaling == "squareroot":
            axes.set_yscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
        else:
            axes.set_yscale(scaling)
        for number, (label, place) in enumerate(lines.items()):
            axes.axvline(place, color=VERMILION, linewidth=0.7, linestyle="--")
            if number < MAX_LABELS:
                axes.annotate(
                    label, (place, 1), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right"
                )
        axes.set(xlabel=x_label, ylabel="Intensity (arb. u.)", xlim=(x.min(), x.max()), title="Pattern")
        return _png(figure, style)


@contextmanager
def _figure(style: Style) -> Iterator[Figure]:
    with _drawing, mpl.rc_context({"font.size": style.fontsize, "axes.titlesize": style.fontsize}):
        figure = Figure(figsize=style.figsize, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def _png(figure: Figure, style: Style) -> bytes:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=style.dpi, metadata={"Software": None})
    return content.getvalue()


def _draw_image(axes: Axes, image: np.ndarray, is_used: np.ndarray, *, is_log: bool) -> None:
    seen = image[is_used].astype(float)
    seen = seen[seen > 0] if is_log and (seen > 0).any() else seen
    low, high = np.percentile(seen, CLIPPED_PERCENTILES) if seen.size else (0.0, 1.0)
    high = high if high > low else low + 1
    colours = mpl.colormaps["gray"].with_extremes(bad=(0.0, 0.2, 0.45))
    scale = {"norm": LogNorm(max(low, 1e-6), high)} if is_log and low > 0 else {"vmin": low, "vmax": high}
    # Zero counts have no logarithm, but are not masked.
    shown = np.ma.array(np.maximum(image.astype(float), low), mask=~is_used)
    drawn = axes.imshow(shown, origin="lower", cmap=colours, **scale)
    axes.figure.colorbar(drawn, ax=axes, label="Counts", shrink=0.8)
    axes.set(xlabel="Column (pixels)", ylabel="Row (pixels)")


def _draw_rings(axes: Axes, two_theta_deg: np.ndarray, expected_deg: Sequence[float]) -> None:
    rows, columns = (
        np.unique(np.linspace(0, side - 1, CONTOUR_SIDE).astype(int)) for side in two_theta_deg.shape
    )
    grid = two_theta_deg[np.ix_(rows, columns)]
    levels = [angle for angle in expected_deg if grid.min() < angle < grid.max()]
    if levels:
        axes.contour(columns, rows, grid, levels=levels, colors=ORANGE, linewidths=0.8)


def _draw_residuals(
    axes: Axes, rings: Mapping[str, tuple[float, np.ndarray, np.ndarray]], found_deg: Mapping[str, np.ndarray]
) -> None:
    angles = [rings[label][0] for label in rings]
    left = [np.asarray(found_deg[label]) - rings[label][0] for label in rings]
    means, spreads = [float(part.mean()) for part in left], [float(part.std()) for part in left]
    axes.axhline(0, color=ORANGE, linewidth=0.8)
    axes.errorbar(angles, means, yerr=spreads, fmt="o", color=BLUE, capsize=3, markersize=4)
    every = np.concatenate(left)
    axes.set(
        xlabel="2θ of the ring (degrees)",
        ylabel="Points minus ring in 2θ (degrees)",
        title=f"Mean and scatter of each ring; rms {np.sqrt(np.mean(every**2)):.2g} degrees",
    )
