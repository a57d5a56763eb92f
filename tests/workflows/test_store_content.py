"""Equal content has equal digests, and nothing else has."""

import dataclasses
import datetime as dt
import enum
import itertools
import subprocess
import sys
from collections import OrderedDict, namedtuple
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import numpy as np
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from workflows import MISSING_DATA
from workflows.store import NotStorable
from workflows.store.content import content_digest, read_content

Point = namedtuple("Point", "x y")  # noqa: PYI024 -- both ways to write one
Other = namedtuple("Other", "x y")  # noqa: PYI024


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Geometry:
    dist: float
    pixel: tuple


@dataclasses.dataclass
class OtherGeometry:
    dist: float
    pixel: tuple


class Settings(pydantic.BaseModel):
    energy: float = 1.0


class OtherSettings(pydantic.BaseModel):
    energy: float = 1.0


PADDED = np.dtype([("a", "i1"), ("b", "f8")], align=True)
UTC = dt.UTC
NOON = dt.datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris"))

DIFFERENT = [
    *(None, True, False, 0, 1, -1, 255, 256, 2**70, 1.0, 0.0, -0.0, float("nan"), float("inf"), 1j),
    complex(0, -0.0),
    *("", "1", "a", "\udc80", b"", b"a", bytearray(b"a"), MISSING_DATA),
    *([], (), set(), frozenset(), {}, [[]], [[], []], [()], [None]),
    *([1, 2], (1, 2), {1, 2}, frozenset({1, 2}), [2, 1], [[1], 2], [[1, 2]], [1, [2]], [1, 2, []]),
    *(["ab", "c"], ["a", "bc"], ["abc"], [b"ab", b"c"], [b"a", b"bc"]),
    *({"a": 1}, {"a": 1.0}, {"a": True}, {1: "a"}, {True: "a"}, {"a": {"b": 1}}, {"a": 1, "b": 2}),
    {"a": 2, "b": 1},
    *([("a", 1)], {("a", 1)}),
    *(dt.date(2026, 1, 1), dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, tzinfo=UTC)),  # noqa: DTZ001
    *(NOON, NOON.replace(fold=1), dt.timedelta(1), dt.timedelta(0, 1), dt.timedelta(0, 0, 1)),
    dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1), "CET")),
    *(dt.time(0), dt.time(0, tzinfo=UTC)),
    *(Path("a"), Colour.RED, Colour.BLUE, Level.LOW, Point(1, 2), Other(1, 2)),
    *(Geometry(1.0, (1, 2)), Geometry(1.0, (2, 1)), OtherGeometry(1.0, (1, 2))),
    *(Settings(), Settings(energy=1.0), Settings(energy=2.0), OtherSettings()),
    *(np.int64(1), np.int32(1), np.uint64(1), np.float64(1), np.float32(1), np.True_, np.str_("a")),
    np.bytes_(b"a"),
    *(np.array(1), np.array([1]), np.zeros((2, 3)), np.zeros((3, 2)), np.zeros(6), np.zeros((2, 3), int)),
    *(np.zeros((2, 3), "f4"), np.zeros((2, 3), ">f8"), np.zeros(0), np.zeros((0, 3)), np.zeros((0, 2))),
    np.zeros(0, "i8"),
    *(np.array(["a"]), np.array(["a"], "U2"), np.array([b"a"]), np.array(["2026"], "M8[Y]")),
    np.array(["2026"], "M8[s]"),
    *(np.array([1, "a"], dtype=object), np.array([[1], ["a"]], dtype=object)),
    np.array([1, b"a"], dtype=object),
    *(np.zeros(2, [("a", "i4"), ("b", "f4")]), np.zeros(2, [("b", "i4"), ("a", "f4")])),
    *(np.zeros(2, PADDED), np.zeros(2, "V8")),
    *(np.zeros(2, [("a", "i4", 2)]), np.zeros(2, [("a", "i4"), ("b", "i4")])),
]  # fmt: skip


def test_values_of_different_content_have_different_digests():
    digests = [content_digest(value) for value in DIFFERENT]

    equal = [
        (DIFFERENT[i], DIFFERENT[k])
        for i, k in itertools.combinations(range(len(digests)), 2)
        if digests[i] == digests[k]
    ]
    assert equal == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1, "a", 2.5, (1, 2)}, {(1, 2), 2.5, "a", 1}),
        (float("nan"), float("nan")),
        (dt.datetime(2026, 1, 1, tzinfo=UTC), dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(0)))),
        (np.arange(24).reshape(2, 3, 4), np.asfortranarray(np.arange(24).reshape(2, 3, 4))),
        (np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
        (np.arange(300_000).reshape(3, -1).T, np.arange(300_000).reshape(3, -1).T.copy()),
        (np.array([1, None, "a"], dtype=object), np.array([1, None, "a"], dtype=object)),
        (Geometry(1.0, (1, 2)), Geometry(1.0, (1, 2))),
    ],
)
def test_the_same_content_has_the_same_digest(first, second):
    assert content_digest(first) == content_digest(second)


def test_bytes_between_the_fields_of_a_record_do_not_count():
    first, second = np.zeros(3, PADDED), np.frombuffer(b"\xff" * 48, PADDED).copy()
    for name in PADDED.names:
        second[name] = 0

    assert content_digest(first) == content_digest(second)


def test_a_mapped_array_has_the_digest_of_its_content(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(5))

    assert content_digest(np.load(tmp_path / "a.npy", mmap_mode="r")) == content_digest(np.arange(5))


def plain_cycle():
    cycle = []
    cycle.append({"again": cycle})
    return cycle


def object_cycle():
    array = np.array([None], dtype=object)
    array[0] = [array]
    return array


class Text(str):
    __slots__ = ()


@dataclasses.dataclass
class WithHidden:
    a: int


def with_hidden_state():
    value = WithHidden(1)
    value.hidden = 2
    return value


@pytest.mark.parametrize(
    "value",
    [
        *(object(), len, lambda: 1, int, iter([]), range(3), Text("a"), OrderedDict(), PurePosixPath("a")),
        *(plain_cycle(), object_cycle(), with_hidden_state(), Geometry, np.ma.array([1]), memoryview(b"a")),
        dt.datetime(2026, 1, 1, tzinfo=type("Zone", (dt.tzinfo,), {})()),
    ],
)
def test_what_is_not_known_for_certain_is_refused(value):
    with pytest.raises(NotStorable, match=r"not known|contains itself|beside its fields"):
        content_digest([value])


def test_depth_is_no_limit():
    deep = inner = []
    for _ in range(50_000):
        inner.append([])
        inner = inner[0]
    frozen = frozenset()
    for _ in range(5_000):
        frozen = frozenset([frozen])

    assert content_digest(deep) != content_digest(frozen)


def test_what_is_shared_is_read_once():
    shared = [1.5]
    for _ in range(200):
        shared = [shared, shared]

    assert len(content_digest(shared)) == 64


def test_texts_that_are_longer_than_any_path_are_not_kept():
    assert read_content(["x" * 5000, b"x" * 5000, "y"]).texts == {"y"}


def test_all_texts_are_found_since_any_may_name_a_file():
    value = {
        "a": ["b", {"c": ("d", Path("e"))}],
        1: [np.array(["f"], dtype=object), np.array(["g", "h"]), np.array([b"i"]), np.str_("j"), b"k"],
        2: Geometry("l", ()),
    }

    assert read_content(value).texts == set("abcdefghijkl")


SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.binary(max_size=5)),
    st.floats(allow_nan=False),
    *(st.dates(), st.timedeltas(), st.datetimes(timezones=st.none() | st.just(UTC))),
)
HASHABLE = st.recursive(
    SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5
)
VALUES = st.recursive(
    SCALARS | st_numpy.arrays(st_numpy.scalar_dtypes(), st_numpy.array_shapes(max_side=3, min_side=0)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.sets(HASHABLE, max_size=3)
    ),
    max_leaves=8,
)


def literal(value):
    """Write a value in a normal form that says its type, independent of the code under test."""
    if isinstance(value, dict):
        return f"dict({sorted((literal(key), literal(item)) for key, item in value.items())})"
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__}({sorted(map(literal, value))})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({list(map(literal, value))})"
    if isinstance(value, np.ndarray):
        return f"array({value.dtype.str}, {value.shape}, {value.tobytes()!r})"
    return f"{type(value).__name__}({value!r})"


@settings(deadline=None)
@given(VALUES, VALUES)
def test_digests_are_equal_exactly_if_the_values_are(first, second):
    assert (content_digest(first) == content_digest(second)) == (literal(first) == literal(second))


@settings(deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=2))
def test_nesting_is_part_of_the_content(pair):
    first, second = pair
    forms = ([first, second], [[first], second], [first, [second]], [[first, second]], (first, second))

    assert len({content_digest(form) for form in forms}) == len(forms)


def test_the_digest_does_not_depend_on_the_process():
    value = "{'b': {'x', 'y', 'z', 1, 2.5, None}, 'a': [frozenset({'k', 'l', 'm'}), {'q': 1, 'p': 2}]}"
    code = f"from workflows.store.content import content_digest; print(content_digest({value}))"

    digests = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert digests == [f"{content_digest(eval(value))}\n"] * 2
