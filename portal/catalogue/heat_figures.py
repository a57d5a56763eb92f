"""Heat maps drawn with axes, colours and words.

Only numbers reach the markup. The picture itself is a PNG inside of the page, its axes are SVG.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portal.catalogue.axes import round_numbers
from portal.catalogue.colour_scales import ColourScale, Tick, colour_scales, common_range
from portal.catalogue.heat_maps import HeatMap, maps_of
from processing.false_colours import palette_png

__all__ = ["HeatFigure", "card_picture", "heat_figures"]

_DIGITS = 4
_CARD_ROWS, _CARD_COLUMNS = 40, 128
_CARD_COLOURS = 48
_DARK_BELOW = 20
_CARD_SIZE = (320, 120)


@dataclass(frozen=True)
class Picture:
    """A map in the colours of one scale; ``address`` is the picture itself, a ``data:`` address."""

    scale: ColourScale
    address: str


@dataclass(frozen=True)
class HeatFigure:
    """A map as a page shows it; ``id`` is its element, ``name`` its caption.

    ``result`` is the dataset whose summary holds it, ``number`` its place there.
    """

    id: str
    name: str
    heat_map: HeatMap
    scales: list[ColourScale]
    result: int
    number: int

    @property
    def pictures(self) -> list[Picture]:
        """The map in each scale of colours, the one that shows most first."""
        return [Picture(scale, _address(scale.shares(self.heat_map.values))) for scale in self.scales]

    @property
    def bar(self) -> str:
        """The address of the picture of all colours, from low to high."""
        return _address(np.linspace(0, 1, 255)[None])

    @property
    def x_ticks(self) -> list[Tick]:
        """Places on the horizontal axis, in percent from the left."""
        return _ticks(self.heat_map.x)

    @property
    def y_ticks(self) -> list[Tick]:
        """Places on the vertical axis, in percent from the top."""
        return [Tick(round(100 - tick.at, 2), tick.label) for tick in _ticks(self.heat_map.y)]

    @property
    def x_axis(self) -> str:
        """What runs along the horizontal axis, with its unit."""
        return _with_unit(self.heat_map.x_label, self.heat_map.x_unit)

    @property
    def y_axis(self) -> str:
        """What runs along the vertical axis, with its unit."""
        return _with_unit(self.heat_map.y_label, self.heat_map.y_unit)

    @property
    def z_axis(self) -> str:
        """What the colours stand for, with its unit."""
        return _with_unit(self.heat_map.z_label, self.heat_map.z_unit)

    @property
    def words(self) -> str:
        """What the map shows, for those who do not see it."""
        heat_map, short = self.heat_map, _short
        row, column = np.unravel_index(np.nanargmax(heat_map.values), heat_map.values.shape)
        ends = (
            f"{label} from {short(axis[0])} to {short(axis[-1])} {unit}".rstrip()
            for label, axis, unit in (
                (heat_map.x_label, heat_map.x, heat_map.x_unit),
                (heat_map.y_label, heat_map.y, heat_map.y_unit),
            )
        )
        least, most = np.nanmin(heat_map.values), np.nanmax(heat_map.values)
        values = f"{short(least)} to {short(most)} {heat_map.z_unit}".rstrip()
        place = " and ".join(
            f"{label} {short(at)} {unit}".rstrip()
            for label, at, unit in (
                (heat_map.x_label, heat_map.x[column], heat_map.x_unit),
                (heat_map.y_label, heat_map.y[row], heat_map.y_unit),
            )
        )
        return f"{heat_map.z_label} over {' and '.join(ends)}: {values}, highest at {place}"


def heat_figures(named: Sequence[tuple[str, HeatMap, int, int]], *, prefix: str) -> list[HeatFigure]:
    """Return figures of maps; those of the same quantity and brightness have the same colours for a value.

    Parameters
    ----------
    named : sequence of (caption, map, dataset, number)
        ``dataset`` is the key of the one that it belongs to, ``number`` the map's place there.
    prefix
        Of the ids of the elements.
    """
    scales: dict[int, list[ColourScale]] = {}
    for alike in _of_one_brightness([heat_map for _, heat_map, _, _ in named]):
        common = colour_scales(common_range([heat_map.values for heat_map in alike]))
        scales |= dict.fromkeys(map(id, alike), common)
    return [
        HeatFigure(f"{prefix}-{place}", name, heat_map, scales[id(heat_map)], result, number)
        for place, (name, heat_map, result, number) in enumerate(named)
    ]


def _of_one_brightness(maps: Sequence[HeatMap]) -> list[list[HeatMap]]:
    """Return groups of maps of one quantity, in none of which one would be dark beside the brightest."""
    groups: dict[tuple[str, str], list[list[HeatMap]]] = {}
    for heat_map in sorted(maps, key=_highest, reverse=True):
        of_quantity = groups.setdefault(heat_map.quantities, [])
        if of_quantity and _highest(heat_map) * _DARK_BELOW >= _highest(of_quantity[-1][0]):
            of_quantity[-1].append(heat_map)
        else:
            of_quantity.append([heat_map])
    return [group for of_quantity in groups.values() for group in of_quantity]


def _highest(heat_map: HeatMap) -> float:
    return float(np.nanmax(heat_map.values))


def card_picture(content: Mapping[str, Any]) -> str:
    """Return the first map of a content as a small SVG for a card, at most 8 kB; "" where there is none."""
    maps = maps_of(content)
    if not maps:
        return ""
    values = _narrowed(maps[0].values)
    shares = colour_scales(common_range([values]))[0].shares(values)
    width, height = _CARD_SIZE
    picture = _address(np.round(shares * _CARD_COLOURS) / _CARD_COLOURS)
    return (
        f'<svg class="card-plot" viewBox="0 0 {width} {height}" preserveAspectRatio="none" '
        f'aria-hidden="true"><image href="{picture}" width="{width}" height="{height}" '
        'preserveAspectRatio="none"/></svg>'
    )


def _narrowed(values: np.ndarray) -> np.ndarray:
    """Return the highest value of each block, as many as a card can show."""
    for axis, most in ((0, _CARD_ROWS), (1, _CARD_COLUMNS)):
        length = values.shape[axis]
        if length > most:
            values = np.fmax.reduceat(values, -(-np.arange(most) * length // most), axis=axis)
    return values


def _address(shares: np.ndarray) -> str:
    """Return a picture of numbers from 0 to 1, NaN where missing; the first row is the lowest."""
    indices = np.where(np.isnan(shares), 0, 1 + np.nan_to_num(shares) * 254).astype(np.uint8)
    png = palette_png(np.ascontiguousarray(indices[::-1]), is_missing_clear=True)
    return f"data:image/png;base64,{b64encode(png).decode()}"


def _ticks(centres: Sequence[float]) -> list[Tick]:
    """Return round numbers and their places in percent, on an axis whose steps are drawn equally long."""
    rising = sorted(centres)
    is_whole = all(at.is_integer() for at in centres)
    numbers = round_numbers(rising[0], rising[-1], is_whole=is_whole) or rising[:1]
    places = np.interp(numbers, rising, np.arange(len(rising)))
    places = places if centres[0] <= centres[-1] else len(rising) - 1 - places
    shares = (places + 0.5) / len(rising) * 100
    return [
        Tick(round(share, 2), _short(number)) for share, number in zip(shares.tolist(), numbers, strict=True)
    ]


def _short(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e6 else f"{value:.{_DIGITS}g}"  # noqa: PLR2004 - a million


def _with_unit(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label
