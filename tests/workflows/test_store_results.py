"""What was run on the same content is not run again; what is not certain is."""

import json
import logging
import os
import pickle
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from functools import reduce
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.workflows.store_samples import Add, Announce, Echo, Read, Save, run_stored
from tests.workflows.test_store_content import VALUES
from workflows import MISSING_DATA
from workflows.store import NotStorable, ResultStore
from workflows.store.content import content_digest


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path / "store")


def stored(store, value):
    """Keep a value and return what is found under its key, None if nothing."""
    claim = store.claim(Echo, {"value": "anything"})
    key = claim.save({"value": value})
    return None if key is None else store.get(key)["value"]


def files(store, pattern="*"):
    return sorted(path for path in store.root.rglob(pattern) if path.is_file())


def test_a_task_runs_once_for_the_same_inputs(store):
    first = run_stored(store, Add, {"a": 1, "b": 2})
    again = run_stored(store, Add, {"b": 2, "a": 1})

    assert first == ({"total": 3}, False)
    assert again == ({"total": 3}, True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(3, np.int64), np.zeros(3, np.float64)),
        ([[1], 2], [[1, 2]]),
        (1, True),
        (1, 1.0),
    ],
)
def test_inputs_of_other_content_are_run(store, first, second):
    run_stored(store, Echo, {"value": first})
    _, found = run_stored(store, Echo, {"value": second})

    assert not found


def test_the_options_of_a_run_are_part_of_the_key(store):
    run_stored(store, Add, {"a": 1}, options={"fast": True})

    assert run_stored(store, Add, {"a": 1}, options={"fast": True})[1]
    assert not run_stored(store, Add, {"a": 1}, options={"fast": False})[1]
    assert not run_stored(store, Add, {"a": 1})[1]


def test_an_input_by_position_is_not_one_by_name(store):
    keys = {store.claim(Echo, {name: 1}).key for name in (0, "0")}

    assert len(keys) == 2


def test_a_changed_input_file_is_read_again(store, tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("old")
    run_stored(store, Read, {"path": path})
    again = run_stored(store, Read, {"path": path})
    path.write_text("new")
    changed = run_stored(store, Read, {"path": path})

    assert again == ({"text": "old"}, True)
    assert changed == ({"text": "new"}, False)


def test_a_finished_save_is_not_repeated(store, tmp_path):
    inputs = {"text": "data", "path": str(tmp_path / "out.txt")}
    run_stored(store, Save, inputs)

    assert run_stored(store, Save, inputs) == ({"saved": inputs["path"]}, True)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("other")])
def test_a_save_is_repeated_when_its_file_is_gone_or_changed(store, tmp_path, damage):
    path = tmp_path / "out.txt"
    inputs = {"text": "data", "path": str(path)}
    run_stored(store, Save, inputs)
    damage(path)

    _, found = run_stored(store, Save, inputs)

    assert not found
    assert path.read_text() == "data"


def test_a_file_that_only_the_outputs_name_must_be_there_unchanged(store, tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("data")
    claim = store.claim(Echo, {"value": 1})
    key = claim.save({"value": {"files": [f"{path}::/entry"]}})

    assert store.get(key) is not None
    path.write_text("other")
    assert store.get(key) is None


def test_a_file_that_was_there_and_changed_meanwhile_leaves_no_result(store, tmp_path, caplog):
    path = tmp_path / "growing.txt"
    path.write_text("old")
    claim = store.claim(Read, {"path": str(path)})
    path.write_text("newer")

    with caplog.at_level(logging.INFO, logger="workflows.store"):
        assert claim.save({"text": "old"}) is None

    assert f"'{path}' changed while the task ran" in caplog.text
    assert store.claim(Read, {"path": str(path)}).find() is None


def test_a_half_written_file_is_written_again_until_it_is_stable(store, tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("da")  # a process was killed here
    inputs = {"text": "data", "path": str(path)}

    found = [run_stored(store, Save, inputs)[1] for _ in range(3)]

    assert found == [False, False, True]


def test_an_array_that_a_task_changes_in_place_is_known_by_its_content_before(store):
    array = np.zeros(3)
    claim = store.claim(Echo, {"value": array})
    array[:] = 1
    claim.save({"value": 5})

    assert store.claim(Echo, {"value": np.zeros(3)}).find() == {"value": 5}
    assert store.claim(Echo, {"value": np.ones(3)}).find() is None


def test_a_task_without_outputs_or_new_files_is_always_run(store, caplog):
    with caplog.at_level(logging.INFO, logger="workflows.store"):
        run_stored(store, Announce, {"text": "hello"})
    _, found = run_stored(store, Announce, {"text": "hello"})

    assert not found
    assert "what it did is not known" in caplog.text


def test_a_node_whose_input_is_not_known_cannot_be_claimed(store, caplog):
    with caplog.at_level(logging.INFO, logger="workflows.store"):
        assert store.claim(Echo, {"value": object()}, title="a node") is None

    assert (
        "a node is not stored: the content of a value of the type builtins.object is not known" in caplog.text
    )


def test_a_claim_can_be_sent_to_another_process(store):
    claim = store.claim(Add, {"a": 1})
    sent = pickle.loads(pickle.dumps(claim))
    sent.save({"total": 1})

    assert claim.find() == {"total": 1}


COME_BACK = [
    *(None, True, 0, -1, 10**50, 1.5, -0.0, float("nan"), float("-inf"), 1 - 2j, "text", "\udc80", b"\0a"),
    bytearray(b"a"),
    *([], (), set(), {}, frozenset({1}), [1, (2, {3})], {"a": {"b": [None]}}, {1: 2, (1, 2): "a"}),
    *({"$a": 1}, {"$tuple": [1]}),
    *(date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, 6, UTC), day_time(1, tzinfo=UTC), timedelta(-1, 2, 3)),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris"), fold=1),
    *(Path("a/b"), MISSING_DATA, np.float32(1.5), np.int64(2), np.True_, np.str_("a")),
    np.datetime64(1, "s"),
    *(np.arange(6).reshape(2, 3), np.zeros((0, 2)), np.array(1.0), np.array(["a", "bc"]), np.zeros(2, ">f4")),
    *(np.zeros(2, [("a", "i4"), ("b", "f4", 2)]), np.asfortranarray(np.eye(2)), {"a": [np.arange(3)]}),
    np.zeros((300, 1000)),
    "x" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("value", COME_BACK, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_the_same(store, value):
    found = stored(store, value)

    assert type(found) is type(value)
    assert content_digest(found) == content_digest(value)
    assert repr(found) == repr(value)


def test_a_number_of_any_size_comes_back_the_same(store):
    assert stored(store, 10**5000) == 10**5000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(VALUES)
def test_any_value_that_is_kept_comes_back_the_same(store, value):
    found = stored(store, value)

    assert content_digest(found) == content_digest(value)


@pytest.mark.parametrize(
    "value",
    [np.array([None]), reduce(lambda inner, _: [inner], range(200), []), object(), np.ma.array([1])],
    ids=["object array", "deep", "object", "masked array"],
)
def test_what_would_not_come_back_the_same_is_not_kept(store, value):
    assert store.claim(Echo, {"value": 1}).save({"value": value}) is None
    assert files(store) == []


def test_a_large_array_can_be_changed_without_changing_the_store(store):
    large = np.zeros(1_000_000)
    claim = store.claim(Echo, {"value": 1})
    claim.save({"value": large})
    claim.find()["value"][:] = 7

    assert (claim.find()["value"] == large).all()


def test_equal_arrays_are_kept_once(store):
    array = np.arange(10)
    store.claim(Echo, {"value": 1}).save({"value": array})
    store.claim(Echo, {"value": 2}).save({"value": [array, array.copy()]})

    assert len(files(store, "*.npy")) == 1


@pytest.fixture
def claim(store):
    """A node with an array and a long text among its outputs, which are stored."""
    claim = store.claim(Echo, {"value": 1})
    claim.save({"value": {"array": np.arange(5)}, "long": "x" * 50_000, "short": 1.5})
    return claim


DAMAGES = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "last byte": lambda content: content[:-2] + bytes([content[-2] ^ 1]) + content[-1:],
    "middle": lambda content: content[: len(content) // 2] + b"?" + content[len(content) // 2 + 1 :],
    "not a number": lambda content: content.replace(b"1.5", b"NaN").replace(b"NUMPY", b"NUMPI"),
    "list": lambda content: b"[]",
    "deep": lambda content: b"[" * 100_000,
    "pickle": lambda content: pickle.dumps(ValueError()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_files_count_as_unknown_and_are_written_again(store, claim, damage):
    for path in files(store):
        content = path.read_bytes()
        path.write_bytes(damage(content))
        if path.read_bytes() == content:
            continue

        assert claim.find() is None

        claim.save({"value": {"array": np.arange(5)}, "long": "x" * 50_000, "short": 1.5})
        assert claim.find() is not None, path


def test_a_result_of_which_a_file_is_missing_counts_as_unknown(store, claim):
    for path in files(store):
        path.rename(path.with_suffix(".away"))
        assert claim.find() is None
        path.with_suffix(".away").rename(path)

    assert claim.find() is not None


@pytest.mark.parametrize(
    "change",
    [
        {"outputs": {"value": {"digest": "../" * 22, "arrays": []}}},
        {"outputs": {"value": {"digest": content_digest(1), "arrays": [], "value": 2}}},
        {
            "outputs": {
                "value": {"digest": content_digest(1), "arrays": [], "value": {"$array": "/etc/passwd"}}
            }
        },
        {
            "outputs": {
                "value": {
                    "digest": content_digest(1),
                    "arrays": [],
                    "value": {"$numpy": ["O", "AAAAAAAAAAA="]},
                }
            }
        },
        {"outputs": {"value": {"digest": content_digest(1), "arrays": [], "value": {"$date": 5}}}},
        {"outputs": {"value": {"digest": content_digest(1), "arrays": [], "value": {"$eval": "1"}}}},
        {"outputs": [1, 2]},
        {"outputs": None},
        {"files": {"nothing": "0" * 64}},
        {"files": 5},
        {"key": "0" * 64},
    ],
)
def test_a_forged_record_counts_as_unknown(store, claim, change):
    path = store.root / "records" / claim.key[:2] / f"{claim.key}.json"
    forged = json.loads(path.read_text())["record"] | change
    path.write_text(json.dumps({"sha256": content_digest(forged), "record": forged}))

    assert claim.find() is None


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "0" * 63, "G" * 64, None, 5])
def test_what_is_not_a_key_is_unknown(store, key):
    assert store.get(key) is None


def use(store, claim, *, hours_ago):
    path = store.root / "records" / claim.key[:2] / f"{claim.key}.json"
    os.utime(path, (time.time() - 3600 * hours_ago,) * 2)


def age_values(store):
    for path in files(store, "values/*/*"):
        os.utime(path, (0, 0))


def test_prune_removes_what_was_not_used_for_long(store):
    old, new = (store.claim(Echo, {"value": value}) for value in (1, 2))
    for claim in (old, new):
        claim.save({"value": np.full(1000, claim is old)})
        use(store, claim, hours_ago=50)
    new.find()
    age_values(store)

    freed = store.prune(older_than=timedelta(hours=49))

    assert freed > 1000
    assert old.find() is None
    assert new.find() is not None
    assert len(files(store)) == 2


def test_prune_keeps_the_newest_up_to_a_size(store):
    claims = [store.claim(Echo, {"value": value}) for value in range(4)]
    for age, claim in enumerate(claims):
        claim.save({"value": np.full(10_000, age, np.uint8)})
        use(store, claim, hours_ago=age)
    age_values(store)

    store.prune(max_bytes=25_000)

    assert [claim.find() is not None for claim in claims] == [True, True, False, False]
    assert sum(path.stat().st_size for path in files(store)) <= 25_000


def test_prune_spares_values_that_others_need_and_values_that_were_just_written(store):
    shared = np.arange(1000)
    old, new = (store.claim(Echo, {"value": value}) for value in (1, 2))
    for claim in (old, new):
        claim.save({"value": shared})
    use(store, old, hours_ago=50)
    orphan = store.root / "values" / "00" / f"{'0' * 64}.npy"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"just written")

    store.prune(older_than=timedelta(hours=49))

    assert (new.find()["value"] == shared).all()
    assert orphan.exists()


def test_clear_leaves_no_file_and_the_arrays_in_use_whole(store):
    claim = store.claim(Echo, {"value": 1})
    claim.save({"value": np.arange(300_000)})
    in_use = claim.find()["value"]

    store.clear()

    assert files(store) == []
    assert claim.find() is None
    assert in_use.sum() == 300_000 * 299_999 // 2


def test_the_reason_is_a_workflow_error_with_a_stable_code():
    assert NotStorable("x").code == "not_storable"
