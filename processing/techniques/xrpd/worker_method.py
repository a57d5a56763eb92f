"""Integration methods as pyFAI's worker and ewoksxrpd write them."""

import re
from typing import Any

import pyFAI.integrator.azimuthal  # noqa: F401 -- fills the registry of methods
from pyFAI.method_registry import IntegrationMethod

from processing.techniques.xrpd.options import Method
from workflows import InputError

WORKER_METHOD = Method("bbox", "histogram", "cython")
"""What pyFAI's worker takes if no method is given."""

WORDS = {"nosplit": "no", "splitbbox": "bbox", "histo": "histogram", "numpy": "python", "ocl": "opencl"}
METHOD_WORDS = {
    "split": ("no", "bbox", "pseudo", "full"),
    "algo": ("histogram", "csr", "csc", "lut"),
    "impl": ("cython", "python"),
}


def read_worker_method(method: Any, *, dimension: int = 1) -> Method:
    """Read a method that may leave open the algorithm or the implementation, as pyFAI's worker does.

    What is left open is pyFAI's choice. OpenCL becomes cython, as it does in pyFAI on a machine without: the
    same numbers, to single precision.

    Raises
    ------
    InputError
        A word is unknown, or there is no such method.
    """
    parts = re.split(r"[/_,\s]+", method) if isinstance(method, str) else method
    words = [WORDS.get(word, word) for word in (str(part).strip().lower() for part in parts)]
    words = [
        "cython" if word == "opencl" else word
        for word in words
        if word not in ("", "none", "any", "*", "all")
    ]
    chosen: dict[str, str] = {}
    for word in words:
        for field, known in METHOD_WORDS.items():
            if word in known and field not in chosen:
                chosen[field] = word
                break
        else:
            raise InputError(f"The method {method!r} is not one of pyFAI's: write it as full/csr/cython")
    found = IntegrationMethod.select_method(dimension, **chosen) if chosen else []
    preferred = [each for each in found if each.impl_lower == "cython"] or found
    if not preferred or preferred[0].split_lower != chosen.get("split", preferred[0].split_lower):
        raise InputError(
            f"pyFAI has no method {method!r} of {dimension} dimension(s): write it as full/csr/cython"
        )
    first = preferred[0]
    return Method(first.split_lower, first.algo_lower, first.impl_lower)
