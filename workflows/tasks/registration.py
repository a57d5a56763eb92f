"""The imported task classes, by the names that graphs use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from workflows.errors import GraphError
from workflows.tasks.importing import import_named

if TYPE_CHECKING:
    from collections.abc import Iterable


class Registered:
    """Base of classes that are found by name; ``register=False`` leaves one out."""

    registered: ClassVar[dict[str, type[Any]]]
    _registry_name: ClassVar[str | None] = None

    def __init_subclass__(cls, *, register: bool = True, registry_name: str | None = None) -> None:
        super().__init_subclass__()
        cls._registry_name = registry_name
        if register:
            taken = cls.registered.get(cls.identifier())
            if registry_name is not None and taken is not None and _place(taken) != _place(cls):
                raise TypeError(f"the registry name {registry_name!r} is taken by {_place(taken)}")
            cls.registered[cls.identifier()] = cls

    @classmethod
    def identifier(cls) -> str:
        """Return the name by which a graph refers to this class: a dotted one, unless declared."""
        return cls._registry_name or _place(cls)

    @property
    def task_identifier(self) -> str:
        """The name by which a graph refers to this task."""
        return self.identifier()

    @classmethod
    def get_subclass_names(cls) -> list[str]:
        """Return the identifiers of all imported task classes."""
        return list(cls.registered)

    @classmethod
    def get_subclass(cls, name: str) -> type[Self]:
        """Find a task class by its identifier, or by the last parts of one that is imported.

        What is not imported yet is.

        Raises
        ------
        GraphError
            There is no such class, or several.
        """
        found = cls.registered.get(name) or cls.registered.get(completed(name, cls.registered) or "")
        if found is None:
            found = import_named(name)
        if not (isinstance(found, type) and issubclass(found, cls)):
            raise GraphError(f"there is no task class {name!r}")
        return found

    @classmethod
    def derived(cls, name: str, *, identifier: str | None, **attributes: Any) -> type[Self]:
        """Make a subclass for something that is not written as a class: a function, a script..."""
        return type(name, (cls,), attributes, register=False, registry_name=identifier)

    @classmethod
    def instantiate(cls, name: str, **arguments: Any) -> Self:
        """Make a task of the class that ``get_subclass`` finds."""
        return cls.get_subclass(name)(**arguments)


def completed(suffix: str, identifiers: Iterable[str]) -> str | None:
    """Complete the last parts of an identifier to the whole one; None if there is none.

    Raises
    ------
    GraphError
        Several identifiers end like that.
    """
    matches = sorted({name for name in identifiers if name.endswith(f".{suffix}")})
    if len(matches) > 1:
        names = " and ".join(repr(name) for name in matches)
        raise GraphError(f"task {suffix!r} is ambiguous, it may be {names}: write the whole name")
    return matches[0] if matches else None


def _place(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
