"""The names of inputs or outputs: in order, yet computed with as with a set."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Names(tuple[str, ...]):
    """Names in the order of their declaration.

    Tasks written for ewoks, where they are sets, find the operators of sets.

    Examples
    --------
    >>> names = Names(["b", "a"])
    >>> names - {"a"}, {"c"} | names, names == {"a", "b"}, names == ("b", "a")
    (('b',), ('c', 'b', 'a'), True, True)
    """

    __slots__ = ()
    __hash__ = tuple.__hash__

    def __or__(self, other: Iterable[str]) -> Names:
        return Names(dict.fromkeys([*self, *other]))

    def __ror__(self, other: Iterable[str]) -> Names:
        return Names(dict.fromkeys([*other, *self]))

    def __and__(self, other: Iterable[str]) -> Names:
        others = set(other)
        return Names(name for name in self if name in others)

    __rand__ = __and__

    def __sub__(self, other: Iterable[str]) -> Names:
        others = set(other)
        return Names(name for name in self if name not in others)

    def __rsub__(self, other: Iterable[str]) -> Names:
        return Names(name for name in other if name not in self)

    def __eq__(self, other: object) -> bool:
        return set(self) == other if isinstance(other, AbstractSet) else super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other
