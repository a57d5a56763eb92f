"""What a task takes and gives: the names of its inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflows.errors import InputError
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pydantic import BaseModel

    from workflows.keys import InputKey


_KEYWORDS = (
    "input_names",
    "optional_input_names",
    "output_names",
    "n_required_positional_inputs",
    "input_model",
    "output_model",
    "version",
    "register",
    "registry_name",
)
_MOST_KEY_SETS = 256
_MOST_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Interface:
    """The inputs and outputs of a task.

    An input is addressed by its name, or by its position from 0.
    ``positional_names`` are names that a position may fill as well (functions);
    ``n_positional`` counts the positions that must be given, and ``any_gap`` tells
    that of the others only the order counts (scripts).
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    n_positional: int = 0
    positional_names: tuple[str, ...] = ()
    any_name: bool = False
    any_position: bool = False
    any_gap: bool = False
    lenient: bool = False
    """Whether an input that does not exist is passed on with a warning (as ewoks does), not refused."""
    nested_output: str | None = None
    """The output that is a dict of outputs: conditions and results look inside it (``ppfmethod``)."""
    input_model: type[BaseModel] | None = None
    output_model: type[BaseModel] | None = None
    version: str | None = None
    _complete: set[frozenset[InputKey]] = field(default_factory=set, init=False, compare=False, repr=False)

    @property
    def input_names(self) -> tuple[str, ...]:
        """All declared names, the required ones first."""
        return self.required + self.optional

    def accepts(self, key: InputKey) -> bool:
        """Tell whether there is an input of this name or at this position."""
        if isinstance(key, int):
            return self.any_position or key < max(self.n_positional, len(self.positional_names))
        return self.any_name or key in self.required or key in self.optional

    def has_output(self, name: InputKey | None) -> bool:
        """Tell whether there may be an output of this name; None stands for all outputs together."""
        return name is None or name in self.outputs or self.nested_output is not None

    def unexpected(self, keys: Iterable[InputKey]) -> list[InputKey]:
        """List the inputs that do not exist."""
        return [key for key in keys if not self.accepts(key)]

    def missing(self, keys: Collection[InputKey]) -> list[InputKey]:
        """List the inputs that must still be given, in the order of their declaration."""
        positions = [key for key in keys if isinstance(key, int)]
        last_given = -1 if self.any_gap else max(positions, default=-1)
        n_positions = max(self.n_positional, 1 + last_given)
        gaps = [position for position in range(n_positions) if position not in keys]
        by_position = {self.positional_names[p] for p in positions if p < len(self.positional_names)}
        return [*gaps, *(name for name in self.required if name not in keys and name not in by_position)]

    def knows_complete(self, keys: Iterable[InputKey]) -> bool:
        """Tell whether exactly these inputs were found to be complete before.

        Nodes of one task get the same inputs again and again, so the answers
        are kept; False only means that they must be looked at.
        """
        return frozenset(keys) in self._complete

    def note_complete(self, keys: Iterable[InputKey]) -> None:
        """Remember that these inputs exist and that none is missing."""
        if len(self._complete) < _MOST_KEY_SETS:
            self._complete.add(frozenset(keys))

    def check_accepted(self, keys: Iterable[InputKey]) -> None:
        """Refuse inputs that do not exist, or that are given by name and by position.

        Raises
        ------
        InputError
            Names the input and suggests the one that was probably meant.
        """
        keys = list(keys)
        for key in keys:
            if not self.accepts(key):
                raise self.unexpected_error(key)
            if isinstance(key, int) and key < len(self.positional_names):
                name = self.positional_names[key]
                if name in keys and name in self.input_names:
                    raise InputError(f"is given twice, also as position {key}", input_name=name)

    def unexpected_error(self, key: InputKey) -> InputError:
        """Make the error about an input that does not exist."""
        return InputError(f"there is no such input{did_you_mean(key, self.input_names)}", input_name=key)

    def check_complete(self, keys: Collection[InputKey]) -> None:
        """Refuse to go on while required inputs are missing.

        Raises
        ------
        InputError
            Names the first missing input, and mentions the others.
        """
        missing = self.missing(keys)
        if missing:
            others = ", ".join(repr(key) for key in missing[1:_MOST_NAMED])
            text = "is required but was not given" + (f" (nor {others})" if others else "")
            raise InputError(text, input_name=missing[0])


def extend_interface(
    parent: Interface,
    *,
    input_names: Sequence[str] = (),
    optional_input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
    n_required_positional_inputs: int = 0,
    input_model: type[BaseModel] | None = None,
    output_model: type[BaseModel] | None = None,
    version: str | None = None,
    **misspelt: object,
) -> Interface:
    """Add what the class line of a task declares to what the class inherits.

    Raises
    ------
    TypeError
        A keyword is misspelt, a name is not a string, a model is combined with
        a list of names or does not derive from the inherited model.
    """
    for keyword in misspelt:
        raise TypeError(f"unknown class keyword {keyword!r}{did_you_mean(keyword, _KEYWORDS)}")
    names = _checked_names(input_names, "input_names")
    optional_names = _checked_names(optional_input_names, "optional_input_names")
    outputs = _checked_names(output_names, "output_names")
    _check_model(input_model, parent.input_model, names + optional_names, parent.input_names)
    _check_model(output_model, parent.output_model, outputs, parent.outputs)
    names, optional_names = _with_fields(input_model, names, optional_names)
    if output_model is not None:
        outputs = tuple(output_model.model_fields)
    required = _joined(parent.required, names)
    n_positional = parent.n_positional + n_required_positional_inputs
    return Interface(
        required=required,
        optional=tuple(n for n in _joined(parent.optional, optional_names) if n not in required),
        outputs=_joined(parent.outputs, outputs),
        n_positional=n_positional,
        any_position=n_positional > 0,
        any_name=parent.any_name or _allows_extra(input_model),
        lenient=parent.lenient,
        input_model=input_model or parent.input_model,
        output_model=output_model or parent.output_model,
        version=version or parent.version,
    )


def _checked_names(names: Any, keyword: str) -> tuple[str, ...]:
    if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
        raise TypeError(f"{keyword} must be a list of names, not {names!r}")
    return tuple(names)


def _check_model(
    model: type[BaseModel] | None,
    inherited: type[BaseModel] | None,
    names: tuple[str, ...],
    inherited_names: tuple[str, ...],
) -> None:
    if inherited and model and not issubclass(model, inherited):
        raise TypeError(f"model {model.__name__} must derive from the inherited {inherited.__name__}")
    if (names and (model or inherited)) or (model and not inherited and inherited_names):
        raise TypeError("names are given either as lists or by a model, not by both")


def _with_fields(
    model: type[BaseModel] | None, required: tuple[str, ...], optional: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if model is None:
        return required, optional
    fields = model.model_fields
    needed = tuple(name for name, field in fields.items() if field.is_required())
    return needed, tuple(name for name in fields if name not in needed)


def _allows_extra(model: type[BaseModel] | None) -> bool:
    return model is not None and model.model_config.get("extra") == "allow"


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(first + second))
