"""Round numbers along the axis of a drawing."""

import math

__all__ = ["round_numbers"]

_N_TICKS = 6
_STEPS = (1, 2, 5, 10)


def round_numbers(low: float, high: float, *, is_whole: bool = False) -> list[float]:
    """Return the multiples of a round step in a range of an axis: about six, whole ones where wanted.

    None where the ends are the same, or so close together that floats cannot tell numbers between apart.
    """
    # Halved first: the span of the largest floats is beyond them.
    step = _round_step((high / 2 - low / 2) / _N_TICKS * 2)
    step = max(step, 1.0) if is_whole and step else step
    if step == 0 or not math.isfinite(step):
        return []
    first, last = math.ceil(low / step), math.floor(high / step)
    if last - first > 2 * _N_TICKS:
        return []
    return [number * step for number in range(first, last + 1)]


def _round_step(step: float) -> float:
    """Return the next number of the form 1, 2 or 5 times a power of ten."""
    if step <= 0 or not math.isfinite(step):
        return 0.0
    power = 10.0 ** math.floor(math.log10(step))
    return next((factor * power for factor in _STEPS if factor * power >= step * 0.999999), 10 * power)
