"""Find out roughly where a detector stands, from bright spots of its image alone.

The spots are those pixels that are higher than all around them and above the local background:
on the rings of a powder they lie close together, elsewhere they are rare.  A place of the detector is
good when many of them have the 2 theta of a ring.
"""

import numpy as np
from pyFAI.geometry import Geometry as Model
from scipy.ndimage import maximum_filter, uniform_filter

from processing.techniques.xrpd.ring_fit import positions

MAX_SPOTS = 600
"""The most significant ones are used."""

CHUNK = 256
"""Places that are looked at in one go."""

BACKGROUND_PIXELS = 41
"""Side of the square whose mean is the background of its middle."""

SHARPNESS = 0.12
"""Width (standard deviation) of a ring in the search, as a share of the smallest gap between rings."""

N_RINGS = 6
"""Innermost rings that are used: further out they are too close to be told apart at the beginning."""

STEPS = 9
"""To each side of the start, at most, in each of the three coordinates that are searched."""

Spots = tuple[np.ndarray, np.ndarray, np.ndarray]
Comb = tuple[np.ndarray, np.ndarray]


def bright_spots(image: np.ndarray, is_used: np.ndarray) -> Spots:
    """Return rows, columns and significance of the bright spots of an image (rows, columns)."""
    data = np.where(is_used, image, 0).astype(np.float32)
    used = is_used.astype(np.float32)

    def mean_around(values: np.ndarray, side: int) -> np.ndarray:
        share = uniform_filter(used, side, mode="constant")
        return uniform_filter(values, side, mode="constant") / np.maximum(share, 1e-3)

    smooth, background = mean_around(data, 3), mean_around(data, BACKGROUND_PIXELS)
    deviation = np.where(is_used, smooth - background, 0)
    scatter = np.sqrt(mean_around(deviation**2, 2 * BACKGROUND_PIXELS))
    significance = deviation / np.maximum(scatter, 1e-6 * max(float(scatter.max()), 1e-30))
    is_spot = is_used & (smooth == maximum_filter(smooth, 3)) & (significance > 1)
    rows, columns = np.nonzero(is_spot)
    height = significance[rows, columns]
    chosen = np.argsort(-height, kind="stable")[:MAX_SPOTS]
    return rows[chosen].astype(float), columns[chosen].astype(float), np.minimum(height[chosen], 4.0)


def search_place(
    model: Model,
    spots: Spots,
    *,
    expected: np.ndarray,
    free: frozenset[str],
    distance_share: float = 0.08,
    centre_m: float = 0.008,
) -> tuple[dict[str, float], float]:
    """Look around the start for the place where most spots lie on rings.

    Parameters
    ----------
    model : Model
        The start.
    expected : array (n_rings,)
        2 theta in rad, rising.
    free : names
        Which of ``dist``, ``poni1``, ``poni2`` may change.
    distance_share, centre_m : float
        How far from the start is looked: a share of the distance, and metres.

    Returns
    -------
    place : mapping of ``dist``, ``poni1`` and ``poni2`` (m)
    score : float
        Spots on rings above what chance would put there, per spot.
    """
    rows, columns, weight = spots
    names = ("dist", "poni1", "poni2")
    turned = model.rotation_matrix()
    turned_spots = turned @ positions(model, rows, columns)
    comb = _comb(expected)

    def best_of(places: np.ndarray) -> tuple[np.ndarray, float]:
        scores = np.concatenate(
            [_scores(part, turned, turned_spots, comb) @ weight for part in _chunks(places)]
        )
        return places[scores.argmax()], float(scores.max())

    start = np.array([getattr(model, name) for name in names], float)
    ranges = np.array([distance_share * start[0], centre_m, centre_m])
    steps = _steps(ranges, start[0], expected, [name in free for name in names])
    best, _ = best_of(_grid(start, ranges, steps))
    best, score = best_of(_grid(best, ranges / np.maximum(steps, 1), np.minimum(steps, 3)))
    return dict(zip(names, best.tolist(), strict=True)), score / max(float(weight.sum()), 1e-30)


def share_on_rings(model: Model, spots: Spots, *, expected: np.ndarray, half_width: float) -> float:
    """Return which share of the spots lies on rings, above what chance would put there.

    A ring covers ``half_width`` rad of 2 theta to each side; 0 is chance, 1 is all of them.
    """
    two_theta = model.tth(spots[0], spots[1], path="tan")
    low, high = float(two_theta.min()), float(two_theta.max())
    edges = np.clip([expected - half_width, expected + half_width], low, high)
    grid = np.linspace(low, high, 5000)
    covered = _is_on(grid, edges).mean()
    return float((_is_on(two_theta, edges).mean() - covered) / max(1 - covered, 1e-9))


def _is_on(two_theta: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Whether angles (n,) lie between the edges (2, n_rings), both rising, of any ring."""
    entered = np.searchsorted(edges[0], two_theta, side="right")
    left = np.searchsorted(edges[1], two_theta, side="right")
    return entered > left


def _scores(places: np.ndarray, turned: np.ndarray, turned_spots: np.ndarray, comb: Comb) -> np.ndarray:
    """Return what each spot is worth at each place (n_places, n_spots); pyFAI's rotation, written out."""
    offsets = turned @ np.stack([-places[:, 1], -places[:, 2], places[:, 0]])
    along1, along2, along_beam = offsets[:, :, None] + turned_spots[:, None, :]
    two_theta = np.arctan2(np.hypot(along1, along2), along_beam)
    return np.interp(two_theta, *comb, right=0.0)


def _chunks(places: np.ndarray) -> list[np.ndarray]:
    return np.array_split(places, -(-len(places) // CHUNK))


def _comb(expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 2 theta and what a spot there is worth: rings are worth 1, and the mean is 0."""
    rings = expected[: N_RINGS + 1]
    width = SHARPNESS * float(np.diff(rings, prepend=0.0).min())
    end = float(rings[-2] + rings[-1]) / 2 if rings.size > N_RINGS else float(rings[-1]) + 3 * width
    angle = np.linspace(0, end, 4000)
    near = np.exp(-0.5 * ((angle[:, None] - rings[None, :N_RINGS]) / width) ** 2).max(axis=1)
    return angle, near - near.mean()


def _steps(ranges: np.ndarray, dist: float, expected: np.ndarray, is_free: list[bool]) -> np.ndarray:
    """How many steps to each side, so that none jumps over a ring; none where nothing is free."""
    rings = expected[:N_RINGS]
    width = 2 * SHARPNESS * float(np.diff(rings, prepend=0.0).min())
    reach = np.array([np.tan(min(float(rings[-1]), 1.0)), 1.0, 1.0]) * ranges / dist
    return np.clip(np.ceil(reach / width), 1, STEPS).astype(int) * np.array(is_free)


def _grid(middle: np.ndarray, ranges: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return places (n, 3) around one, itself included."""
    axes = [
        at + np.arange(-count, count + 1) / max(count, 1) * reach
        for at, reach, count in zip(middle, ranges, steps, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
