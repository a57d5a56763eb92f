"""What several pipelines have in common stands once; what is offered is whole."""

import json

import pytest

from processing.pipelines import read_pipeline, shipped_pipelines


def written(folder, **documents):
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_a_reference_is_replaced_by_what_it_names(tmp_path):
    folder = written(tmp_path, shared={"a": {"b/c": [1, 2]}}, mine={"links": {"$ref": "shared.json#/a/b~1c"}})

    assert read_pipeline(folder, "mine.json") == {"links": [1, 2]}


def test_what_stands_beside_a_reference_is_a_merge_patch(tmp_path):
    form = {"n": {"type": "integer", "default": 3, "unit": "m"}, "order": ["n"], "kept": 1}
    changes = {"n": {"default": None, "unit": "mm"}, "order": ["n", "m"], "m": {"type": "string"}}
    folder = written(
        tmp_path, shared={"form": form}, mine={"graph": {"$ref": "shared.json#/form", **changes}}
    )

    assert read_pipeline(folder, "mine.json")["graph"] == {
        "n": {"type": "integer", "unit": "mm"},
        "order": ["n", "m"],
        "kept": 1,
        "m": {"type": "string"},
    }


def test_shared_parts_may_refer_to_others_and_json_schema_keeps_its_own(tmp_path):
    shared = {"form": {"x": {"$ref": "units.json#/m"}, "y": {"$ref": "#/$defs/y"}}}
    folder = written(
        tmp_path, units={"m": {"unit": "m"}}, shared=shared, mine={"graph": {"$ref": "shared.json#/form"}}
    )

    assert read_pipeline(folder, "mine.json")["graph"] == {"x": {"unit": "m"}, "y": {"$ref": "#/$defs/y"}}


@pytest.mark.parametrize(
    ("reference", "error"), [("shared.json#/b", KeyError), ("absent.json#/a", FileNotFoundError)]
)
def test_a_reference_to_nothing_is_an_error(reference, error, tmp_path):
    folder = written(tmp_path, shared={"a": 1}, mine={"graph": {"$ref": reference}})

    with pytest.raises(error):
        read_pipeline(folder, "mine.json")


def test_what_is_offered_has_no_references_left_and_no_shared_parts():
    offered = list(shipped_pipelines())

    assert "powder_pattern" in [document["graph"]["id"] for document in offered]
    for document in offered:
        assert document["nodes"]
        assert ".json#" not in json.dumps(document)
