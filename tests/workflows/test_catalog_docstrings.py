"""Reading docstrings: numpydoc with our sections, and never an error."""

import pytest

from workflows.catalog.docstrings import read_docstring
from workflows.catalog.doctypes import default_value, or_null, type_schema, unit_in_prose

DOCSTRING = """Integrate one image
    into a pattern.

    More words.

    Inputs
    ------
    image : array (rows, columns), or path
        Counts: any real dtype.

        Second paragraph.
    mask, dark : array (rows, columns), optional
    n_bins : int from 10 to 1000, default 100
    distance: float in mm
    mode : {'a, b', 'c'}, optional, default 'c'
    *args
    anything

    Outputs
    -------
    intensity : float32 (n_bins,), in counts, corrected
        for solid angle
    unit : str, in ``radial_unit``

    Raises
    ------
    InputError : never
    """


def entries(which):
    return {name: entry for entry in which for name in entry.names}


def test_the_sections_of_a_docstring_are_read():
    read = read_docstring(DOCSTRING)
    inputs, outputs = entries(read.inputs), entries(read.outputs)

    assert read.summary == "Integrate one image into a pattern."
    assert list(inputs) == ["image", "mask", "dark", "n_bins", "distance", "mode", "args", "anything"]
    assert list(outputs) == ["intensity", "unit"]
    assert inputs["image"].type == "array (rows, columns) or path"
    assert inputs["image"].description == "Counts: any real dtype. Second paragraph."
    assert (inputs["dark"].type, inputs["dark"].description) == ("array (rows, columns)", "")
    assert inputs["n_bins"].default == "100"
    assert (inputs["distance"].type, inputs["distance"].unit) == ("float", "mm")
    assert (inputs["mode"].type, inputs["mode"].default) == ("{'a, b', 'c'}", "'c'")
    assert (outputs["intensity"].unit, outputs["intensity"].description) == (
        "counts",
        "corrected for solid angle",
    )
    assert outputs["unit"].unit is None  # another input says it: that is no unit


def test_what_a_function_returns_may_have_no_name():
    alone = read_docstring("Add.\n\nReturns\n-------\nfloat, in m\n    The sum.").outputs
    named = read_docstring("Add.\n\nReturns\n-------\ntotal : float").outputs

    assert [(entry.names, entry.type, entry.unit, entry.description) for entry in alone] == [
        ((), "float", "m", "The sum.")
    ]
    assert named[0].names == ("total",)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "One line.",
        "Inputs\n------",
        "---\n---\n---",
        "A\n---\n\n---",
        "Inputs\n------\n:\n : :\nx : (((,\ny : ', default",
        "Inputs\n------\n" + "a, " * 20_000 + "b : int",
        "Inputs\n------\nx : " + "(" * 50_000,
        "Parameters\n----------\nx : int" + ", default" * 10_000,
    ],
)
def test_any_text_is_a_docstring(text):
    assert isinstance(read_docstring(text).summary, str)


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("int", {"type": "integer"}),
        ("float or None", {"anyOf": [{"type": "number"}, {"type": "null"}]}),
        ("str | bool", {"anyOf": [{"type": "string"}, {"type": "boolean"}]}),
        ("float from -1 to 1e3", {"type": "number", "minimum": -1, "maximum": 1e3}),
        ("list of floats", {"type": "array", "items": {"type": "number"}}),
        ("{'a', 'b'}", {"enum": ["a", "b"]}),
        ("1 or 2", {}),
        ("array-like of shape (n,)", {}),
        ("float64 (n,)", {}),
        ("str or detector", {}),
        ("'unfinished", {}),
        ("{" * 400, {}),
        ("", {}),
    ],
)
def test_types_in_words_become_schemas_or_anything(text, schema):
    assert type_schema(text) == schema


def test_an_empty_field_is_accepted_once():
    number = type_schema("float")

    assert or_null(number) == {"anyOf": [number, {"type": "null"}]}
    assert or_null(or_null(number)) == or_null(number)
    assert or_null({}) == {}


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("'a'", "a"), ("None", None), ("``True``", True)])
def test_a_default_is_a_literal(text, value):
    assert default_value(text, {}) == value


def test_a_default_may_be_a_bare_word_for_a_text_only():
    assert default_value("fast", {"type": "string"}) == "fast"
    for prose in ("fast", "the current folder", "1e999", "__import__('os')", "[1]"):
        with pytest.raises(ValueError, match=r"literal|number"):
            default_value(prose, {"type": "number"})


def test_a_unit_is_read_from_the_first_words_about_a_number():
    number = {"type": "number"}

    assert unit_in_prose("Photon energy in keV, wins.", number) == "keV"
    assert unit_in_prose("Thickness in mm.", number) == "mm"
    assert unit_in_prose("Used in each step", number) is None
    assert unit_in_prose("A factor. The rest is in mm", number) is None
    assert unit_in_prose("``pixel1`` in m", {"type": "object"}) is None
