"""Values and errors on their way between processes of one run.

The other side is always a process that an engine started for this run, or that
a cluster did on its behalf: nothing is read that came from anybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any

from workflows import errors
from workflows.errors import WorkflowError, describe_exception
from workflows.running.links import traceback_text

_LONGEST_CHAIN = 10
_FIELDS = ("text", "node_id", "label", "task_name", "input_name")


class PackingError(WorkflowError):
    """A value cannot leave this process."""

    code = "not_sendable"


class StandInError(Exception):
    """Stands for an exception that cannot leave its process, and says the same."""


def pack(value: Any) -> bytes:
    """Turn a value into bytes.

    Raises
    ------
    PackingError
        The value, or a part of it, belongs to this process.
    """
    try:
        return bytes(ForkingPickler.dumps(value))
    except Exception as error:
        raise PackingError(describe_exception(error)) from error


def unpack(parcel: bytes) -> Any:
    """Turn bytes into the value that they were made of.

    Raises
    ------
    PackingError
        The value cannot be rebuilt here, as when its class is not installed.
    """
    try:
        return ForkingPickler.loads(parcel)
    except Exception as error:
        raise PackingError(describe_exception(error)) from error


def find_unsendable(values: dict[Any, Any]) -> tuple[Any, str] | None:
    """Find the first of several named values that cannot be sent, and why; None if all can."""
    for name, value in values.items():
        try:
            pack(value)
        except PackingError as error:
            return name, f"({type(value).__name__}) cannot be sent to another process: {error.text}"
    return None


@dataclass(frozen=True)
class PackedError:
    """An error with what Python leaves behind when it pickles one: its cause and its traceback."""

    parcel: bytes | None
    kind: str | None
    """The nearest class of ``workflows.errors``, for an error of the engine."""
    fields: dict[str, Any]
    text: str
    traceback: str
    cause: PackedError | None

    def restore(self) -> BaseException:
        """Make the error again, with its cause; ``remote_traceback`` tells where it was raised."""
        error = self._error()
        error.__cause__ = None if self.cause is None else self.cause.restore()
        error.__dict__["remote_traceback"] = self.traceback
        return error

    def _error(self) -> BaseException:
        if self.parcel is not None:
            try:
                error = unpack(self.parcel)
            except PackingError:
                pass
            else:
                if isinstance(error, BaseException):
                    return error
        if self.kind is None:
            return StandInError(self.text)
        kind: type[WorkflowError] = getattr(errors, self.kind)
        stand_in = kind(self.fields["text"])
        vars(stand_in).update(self.fields)
        return stand_in


def pack_error(error: BaseException, *, depth: int = 0) -> PackedError:
    """Make an error ready to be sent; one that cannot be is replaced by a stand-in with the same text."""
    try:
        parcel = pack(error)
    except PackingError:
        parcel = None
    cause = error.__cause__ if depth < _LONGEST_CHAIN else None
    is_ours = isinstance(error, WorkflowError)
    return PackedError(
        parcel=parcel,
        kind=next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        if is_ours
        else None,
        fields={name: value for name, value in vars(error).items() if name in _FIELDS} if is_ours else {},
        text=str(error),
        traceback=traceback_text(error),
        cause=None if cause is None else pack_error(cause, depth=depth + 1),
    )
