"""Arithmetic written as text, as pyFAI parametrises the geometry of a moving detector.

pyFAI hands such text to an evaluator that compiles it as Python; here it is read as a tree in which
nothing but arithmetic has a meaning, because a workflow may come from anybody.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping

from pyFAI.units import hc

from processing.nexus.values import read_number
from workflows import InputError

__all__ = ["evaluate", "geometry_at"]

CONSTANTS = {"pi": math.pi, "hc": hc, "q": 1.602176634e-19}
"""What pyFAI knows in formulas: pi, h c in keV angstrom, and the elementary charge in coulomb."""

PLACE = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3")

MAX_LENGTH = 1000

FUNCTIONS: dict[str, Callable[..., float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "arctan2": math.atan2,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "abs": abs,
}
OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def evaluate(formula: object, values: Mapping[str, float]) -> float:
    """Evaluate a formula.

    Parameters
    ----------
    formula : str, or a number
        Numbers, ``+ - * / **``, parentheses, the functions of `FUNCTIONS`, `CONSTANTS`, and ``values``.

    Raises
    ------
    InputError
        It is not such arithmetic, a name is unknown, or the result is not a finite number.
    """
    text = str(formula)
    try:
        if len(text) > MAX_LENGTH:
            raise ValueError("it is too long")  # noqa: TRY301 -- one sentence for all of them
        result = float(_value(ast.parse(text.strip(), mode="eval").body, {**CONSTANTS, **values}))
    except (SyntaxError, ValueError, ArithmeticError, TypeError, RecursionError) as error:
        raise InputError(f"The formula {text[:80]!r} cannot be evaluated: {error}") from None
    if not math.isfinite(result):
        raise InputError(f"The formula {text[:80]!r} gives {result}")
    return result


def geometry_at(
    parametrization: object, parameters: object, position: object
) -> tuple[dict[str, float], float]:
    """Evaluate a parametrisation, as pyFAI's ``ExtendedTransformation`` writes itself.

    Parameters
    ----------
    parametrization : mapping
        ``param_names``, ``pos_names`` (default "pos"), ``constants``, and a formula for each value of a
        geometry, ``dist_expr`` and so on, and ``wavelength_expr``; m and rad; 0 where there is none.
    parameters : mapping
        A number for each of ``param_names``.
    position : number, or one for each of ``pos_names``

    Returns
    -------
    geometry : mapping, m and rad
    wavelength : float, m

    Raises
    ------
    InputError
        Something is missing or no number, or a formula cannot be evaluated.
    """
    if not (isinstance(parametrization, Mapping) and isinstance(parameters, Mapping)):
        raise InputError("parametrization and parameters must be mappings")
    names = [str(name) for name in parametrization.get("param_names") or ()]
    if missing := [name for name in names if name not in parameters]:
        raise InputError(f"The parameter {missing[0]!r} of the parametrization has no value")
    known = {
        str(key): read_number(key, value) for key, value in (parametrization.get("constants") or {}).items()
    }
    known |= {name: read_number(name, parameters[name]) for name in names}
    places = [str(name) for name in parametrization.get("pos_names") or ("pos",)]
    given = list(position) if isinstance(position, list | tuple) else [position]
    if len(given) != len(places):
        raise InputError(f"position must be {len(places)} numbers ({', '.join(places)}), not {position!r}")
    known |= {name: read_number(name, value) for name, value in zip(places, given, strict=True)}
    place = {name: evaluate(parametrization.get(f"{name}_expr") or 0, known) for name in PLACE}
    return place, evaluate(parametrization.get("wavelength_expr") or 0, known)


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Name(id=name):
            raise ValueError(f"{name!r} is not known")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(operand, values))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
        case _:
            raise ValueError("only arithmetic is allowed")
