"""JSON Schema of tasks and workflows, and checking inputs with it."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from workflow_samples import Add, graph, link, node

from workflows import MISSING_DATA, Task, draft_plan, load_graph
from workflows.catalog.descriptions import describe_task
from workflows.catalog.input_checks import check_inputs
from workflows.catalog.schemas import task_schema, workflow_schema


class Colour(Enum):
    RED = "red"


class Point(BaseModel):
    x: float
    next: "Point | None" = None


class Options(BaseModel):
    energy: float = Field(
        gt=0, description="Of the photons.", examples=[12.4], json_schema_extra={"unit": "keV"}
    )
    points: list[Point] = []
    image: np.ndarray | None = None
    folder: Path = Path("here")
    made: object = Field(default_factory=object)

    model_config = {"arbitrary_types_allowed": True}


class Odd(BaseModel):
    gap: float = float("nan")
    far: list[float] = [float("inf")]
    low: float = Field(1, json_schema_extra={"unit": "K"})


class Unwritable(BaseModel):
    x: int = Field(json_schema_extra={"thing": object()})


class OddTask(Task, input_model=Odd):
    pass


class UnwritableTask(Task, input_model=Unwritable):
    pass


class Result(BaseModel):
    total: int


class Modelled(Task, input_model=Options, output_model=Result):
    """Use models.

    Inputs
    ------
    folder : path
        Where it goes.
    """


class Documented(Task, input_names=["image"], optional_input_names=["n", "mode"], output_names=["y"]):
    """Use a docstring.

    Inputs
    ------
    image : array (n, m)
    n : int from 1 to 9, default 3
        How many.
    mode : "a" or "b", optional

    Outputs
    -------
    y : float
    """


class More(Documented, optional_input_names=["extra"]):
    """Add to it.

    Inputs
    ------
    extra : bool
    """


def annotated(  # noqa: PLR0917 -- each is annotated in another way
    image: np.ndarray,
    colour: Colour,
    kind: Literal["a", "b"] = "a",
    limit: "int | None" = None,
    width: Annotated[float, Field(gt=0)] = 1.0,
    point: Point | None = None,
    odd: "no_such_name" = 3,  # noqa: F821
    prose: "a text" = 4,  # noqa: F722
) -> "dict[str, int]":
    """Do it.

    Parameters
    ----------
    width : float, in mm

    Returns
    -------
    dict
        What was done.
    """


def inputs_of(task):
    schema = task_schema(task)["inputs"]
    Draft202012Validator.check_schema(schema)
    return schema


def test_a_model_is_described_with_its_units_and_examples():
    schema = inputs_of(Modelled)
    energy = schema["properties"]["energy"]

    assert schema["required"] == ["energy"]
    assert (energy["type"], energy["exclusiveMinimum"], energy["unit"]) == ("number", 0, "keV")
    assert (energy["description"], energy["examples"], energy["title"]) == (
        "Of the photons.",
        [12.4],
        "Energy",
    )
    assert schema["properties"]["folder"]["description"] == "Where it goes."
    assert schema["properties"]["folder"]["default"] == "here"
    assert task_schema(Modelled)["outputs"]["properties"]["total"]["type"] == "integer"


def test_a_schema_is_always_json():
    properties = inputs_of(OddTask)["properties"]

    assert "default" not in properties["gap"]
    assert "default" not in properties["far"]
    assert (properties["low"]["default"], properties["low"]["unit"]) == (1, "K")
    assert inputs_of(UnwritableTask)["properties"] == {"x": {"title": "X"}}
    assert inputs_of(UnwritableTask)["required"] == ["x"]


def test_a_description_can_always_be_written():
    def odd(x): ...

    odd.__doc__ = "Say \ud800.\n\nParameters\n----------\nx : int\n    \ud800"

    described = describe_task(odd, task_type="method", task_identifier="mine.odd")

    assert described.description.startswith("Say ?.")
    assert described.inputs[0].description == "?"


def test_a_docstring_is_a_schema_and_a_subclass_adds_to_it():
    properties = inputs_of(More)["properties"]

    assert properties["n"]["default"] == 3
    assert {"type": "integer", "minimum": 1, "maximum": 9} in properties["n"]["anyOf"]
    assert properties["n"]["description"] == "How many."
    assert properties["image"]["documented_type"] == "array (n, m)"
    assert {"type": "boolean"} in properties["extra"]["anyOf"]
    assert task_schema(More)["outputs"]["properties"]["y"]["type"] == "number"


def test_the_annotations_of_a_function_are_described_where_they_can_be():
    schema = inputs_of(annotated)
    properties = schema["properties"]

    assert schema["required"] == ["image", "colour"]
    assert properties["kind"]["enum"] == ["a", "b"]
    assert properties["kind"]["default"] == "a"
    assert {"type": "integer"} in properties["limit"]["anyOf"]
    assert (properties["width"]["exclusiveMinimum"], properties["width"]["unit"]) == (0, "mm")
    assert properties["odd"] == {"title": "Odd", "default": 3}
    assert properties["prose"]["default"] == 4
    assert task_schema(annotated)["outputs"]["properties"]["return_value"] == {
        "additionalProperties": {"type": "integer"},
        "type": "object",
        "title": "Return Value",
        "description": "What was done.",
        "documented_type": "dict",
    }


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"energy": 3}, []),
        ({"energy": np.float32(3), "image": np.zeros(3), "folder": Path("x")}, []),
        ({"energy": 3, "points": ({"x": 1, "next": {"x": 2}},)}, []),
        ({}, ["input 'energy' is required but was not given"]),
        ({"energy": MISSING_DATA}, ["input 'energy' is required but was not given"]),
        ({"energy": "high"}, ["input 'energy': 'high' is not of type 'number'"]),
        ({"energy": 0}, ["input 'energy': 0 is less than or equal to the minimum of 0"]),
        ({"energy": 3, "enrgy": 1}, ["there is no input 'enrgy'; did you mean 'energy'?"]),
        ({"energy": 3, "points": [{"x": "a"}]}, ["input 'points'[0]['x']: 'a' is not of type 'number'"]),
        ({"energy": float("nan")}, []),
    ],
)
def test_inputs_are_checked_against_a_model(values, problems):
    assert check_inputs(task_schema(Modelled)["inputs"], values) == problems


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"n": 9, "mode": "a"}, []),
        ({"n": None, "mode": None}, []),
        ({"n": 10}, ["input 'n': 10 is greater than the maximum of 9"]),
        ({"n": True}, ["input 'n': True is not of type 'integer'"]),
        ({"mode": "c"}, ["input 'mode': 'c' is not one of ['a', 'b']"]),
    ],
)
def test_inputs_are_checked_against_a_docstring(values, problems):
    assert check_inputs(task_schema(Documented)["inputs"], {"image": [[1]]} | values) == problems


def test_inputs_by_position_are_those_of_the_parameters():
    def shift(x: int, /, by: int, *, slow: bool = False): ...

    schema = inputs_of(shift)

    assert (schema["positional"], schema["required"]) == (["0", "by"], ["0", "by"])
    assert check_inputs(schema, {0: 1, 1: 2}) == []
    assert check_inputs(schema, {"0": 1, "by": "far"}) == ["input 'by': 'far' is not of type 'integer'"]
    assert check_inputs(schema, {0: 1, 1: 2, 2: 3}) == ["there is no input '2'; known: '0', 'by', 'slow'"]


def test_a_task_that_takes_any_position_still_knows_its_names():
    class Positions(Task, n_required_positional_inputs=1, optional_input_names=["mask"]): ...

    schema = inputs_of(Positions)

    assert check_inputs(schema, {0: 1, 1: 2, "mask": 3}) == []
    assert check_inputs(schema, {1: 2, "mosk": 3}) == [
        "input '0' is required but was not given",
        "there is no input 'mosk'; did you mean 'mask'?",
    ]


def test_a_task_that_takes_anything_takes_any_name():
    def anything(**inputs): ...

    assert check_inputs(inputs_of(anything), {"a": 1}) == []


def deep():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "make",
    [deep, lambda: [0] * 200_000, lambda: {1: 2}, object, lambda: b"x", lambda: 10**5000, lambda: [np.inf]],
)
def test_what_json_does_not_know_is_left_to_the_task(make):
    assert check_inputs(task_schema(Documented)["inputs"], {"image": 1, "mode": make()}) == []


def test_a_long_value_is_not_repeated_in_full():
    (problem,) = check_inputs(task_schema(Documented)["inputs"], {"image": 1, "mode": "x" * 10_000})

    assert len(problem) < 320


def test_a_schema_that_refers_to_the_web_is_not_followed():
    schema = {"properties": {"x": {"$ref": "http://127.0.0.1:9/schema"}}}

    (problem,) = check_inputs(schema, {"x": 1})

    assert problem.startswith("input 'x' cannot be checked, its schema is wrong")


def planned(document):
    return draft_plan(load_graph(document))


def test_the_free_inputs_of_a_workflow_are_described_with_their_addresses():
    document = graph(
        [node("first", Add), node("second", Add, defaults={"b": 5})],
        [link("first", "second", {"total": "a"})],
        label="Two sums",
    )

    schema = workflow_schema(planned(document))
    Draft202012Validator.check_schema(schema)

    assert schema["title"] == "Two sums"
    assert list(schema["properties"]) == ["first:a", "first:b", "second:b"]
    assert schema["required"] == ["first:a"]
    assert schema["properties"]["second:b"]["default"] == 5
    assert schema["properties"]["second:b"]["address"] == {"id": "second", "name": "b"}
    assert check_inputs(schema, {"first:a": 1}) == []
    assert check_inputs(schema, {"second:a": 1}) == [
        "input 'first:a' is required but was not given",
        "there is no input 'second:a'; did you mean 'second:b'?",
    ]


def test_models_of_different_nodes_keep_their_own_definitions():
    document = graph([node("one", Modelled), node("two", annotated)])

    schema = workflow_schema(planned(document))
    problems = check_inputs(
        schema,
        {
            "one:energy": 1,
            "one:points": [{"x": "a"}],
            "two:image": 1,
            "two:colour": "blue",
            "two:point": {"x": 1},
        },
    )

    assert problems == [
        "input 'one:points'[0]['x']: 'a' is not of type 'number'",
        "input 'two:colour': 'blue' is not one of ['red']",
    ]


def test_nodes_whose_addresses_would_be_written_alike_are_told_apart():
    document = graph([node("a:b", Add), node(["a", "b"], Add)])

    properties = workflow_schema(planned(document))["properties"]

    assert list(properties) == ["a:b:a", "a:b:b", '["a", "b"]:a', '["a", "b"]:b']
    assert properties['["a", "b"]:a']["address"] == {"id": ["a", "b"], "name": "a"}
