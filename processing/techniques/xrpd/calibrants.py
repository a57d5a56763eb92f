"""Calibrants: powders whose lattice spacings are known, by pyFAI's names."""

from math import isfinite

from pyFAI.calibrant import Calibrant, get_calibrant
from pyFAI.calibrant import names as _names

from workflows import InputError
from workflows.suggestions import did_you_mean

__all__ = ["calibrant_names", "read_calibrant", "ring_labels"]


def calibrant_names() -> list[str]:
    """Return the names that pyFAI knows, in order."""
    return sorted(_names())


def read_calibrant(name: object, *, wavelength_m: float | None = None) -> Calibrant:
    """Return a calibrant; a name in other capitals will do.

    Files of spacings are not read here: a calibrant is one that pyFAI ships.

    Raises
    ------
    InputError
        pyFAI has no such calibrant, or the wavelength (m) is not positive.
    """
    known = calibrant_names()
    found = {own.lower(): own for own in known}.get(str(name).strip().lower())
    if found is None:
        raise InputError(f"The calibrant {name!r} is not one of pyFAI's{did_you_mean(name, known)}")
    calibrant = get_calibrant(found)
    if wavelength_m is not None:
        if not (isfinite(wavelength_m) and wavelength_m > 0):
            raise InputError(f"The wavelength must be greater than zero, not {wavelength_m} m")
        calibrant.wavelength = wavelength_m
    return calibrant


def ring_labels(calibrant: Calibrant) -> list[str]:
    """Name each ring, the largest spacing first: by its Miller indices, else by its number.

    Two rings never share a name, because results are kept under it.
    """
    calibrant.count_registered_dspacing()  # makes it load its reflections
    labels: list[str] = []
    for number, reflection in enumerate(calibrant.config.reflections):
        hkl = reflection.hkl
        label = f"({hkl.h} {hkl.k} {hkl.l})" if hkl is not None else ""
        labels.append(label if label and label not in labels else f"ring{number}")
    return labels
