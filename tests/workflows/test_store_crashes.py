"""Whatever happens while a result is written, it is afterwards whole or unknown."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from tests.workflows.store_samples import Echo, Save
from workflows.store import ResultStore, open_store
from workflows.store.content import content_digest

# The children only write files, which is safe whatever other threads hold.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

ROOT = Path(__file__).parents[2]
N_KEYS = 40


def value_of(number):
    return {"array": np.full(20_000, number), "text": str(number) * 20_000, "number": number}


def is_whole(found, number):
    expected = value_of(number)
    found = found["value"]
    return (
        (found["array"] == expected["array"]).all()
        and found["text"] == expected["text"]
        and found["number"] == number
    )


def check_files(root):
    """Every file that has its name is whole; values are named by their digests."""
    for path in root.rglob("*.json"):
        json.loads(path.read_text())
    for path in root.rglob("*.npy"):
        assert content_digest(np.load(path)) == path.stem


def write_all(root, start):
    """Write the results of all keys; say so after each."""
    store = open_store({"root_uri": str(root)})
    for number in range(int(start), N_KEYS):
        store.claim(Echo, {"value": number}).save({"value": value_of(number)})
        print(number, flush=True)


WRITER = "import sys; from tests.workflows.test_store_crashes import write_all; write_all(*sys.argv[1:])"


def test_after_kill_9_every_result_is_whole_or_unknown_and_the_next_run_goes_on(tmp_path):
    store = open_store({"root_uri": str(tmp_path / "store")})
    chance = random.Random(0)
    reported = -1
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, str(store.root), str(reported + 1)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            first = writer.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            writer.send_signal(signal.SIGKILL)
            lines = [first, *writer.stdout.readlines()]
        reported = int([line for line in lines if line.endswith("\n")][-1])

        check_files(store.root)
        for number in range(N_KEYS):
            found = store.claim(Echo, {"value": number}).find()
            assert found is None or is_whole(found, number)
            assert found is not None or number > reported
        if reported == N_KEYS - 1:
            break

    write_all(store.root, 0)
    assert all(is_whole(store.claim(Echo, {"value": n}).find(), n) for n in range(N_KEYS))


def stop_at_step(root, step):
    """Write one result and die, as by kill -9, just before the given system call of the writing."""

    def audit(event, arguments):
        nonlocal step
        named = [str(argument) for argument in arguments if isinstance(argument, str | Path)]
        if event in ("open", "os.rename", "os.mkdir") and any(str(root) in name for name in named):
            if step == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            step -= 1

    claim = open_store({"root_uri": str(root)}).claim(Echo, {"value": 1})
    sys.addaudithook(audit)
    claim.save({"value": value_of(1)})


def test_a_writer_that_is_killed_at_any_step_leaves_the_whole_or_nothing(tmp_path):
    outcomes = []
    for step in range(100):
        root = tmp_path / str(step)
        status = fork_and_run(stop_at_step, root, step)
        found = open_store({"root_uri": str(root)}).claim(Echo, {"value": 1}).find()
        check_files(root)
        assert found is None or is_whole(found, 1)
        outcomes.append(found is not None)
        if status == 0:
            break

    assert len(outcomes) > 10
    assert outcomes[-1]
    assert not any(outcomes[:-1])


def fork_and_run(function, *arguments):
    process = get_context("fork").Process(target=function, args=arguments)
    process.start()
    process.join()
    return process.exitcode


def save_with_little_room(root, limit, answers):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    claim = ResultStore(root).claim(Echo, {"value": 1})
    answers.put(claim.save({"value": value_of(1)}))


@pytest.mark.parametrize("limit", [0, 1000, 100_000])
def test_where_files_may_not_grow_nothing_half_is_left(tmp_path, limit):
    answers = get_context("fork").SimpleQueue()
    assert fork_and_run(save_with_little_room, tmp_path, limit, answers) == 0

    assert answers.get() is None
    assert ResultStore(tmp_path).claim(Echo, {"value": 1}).find() is None
    assert list(tmp_path.rglob("*.part")) == []


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_leaves_what_fitted_and_no_more(small_disk, caplog):
    store = ResultStore(small_disk)
    claims = [store.claim(Echo, {"value": number}) for number in range(8)]

    saved = [claim.save({"value": value_of(number)}) for number, claim in enumerate(claims)]

    assert saved[0] is not None
    assert saved[-1] is None
    assert "cannot be stored" in caplog.text
    assert [claim.find() is not None for claim in claims] == [key is not None for key in saved]
    assert list(small_disk.rglob("*.part")) == []


def test_a_folder_that_may_not_be_written_to_only_costs_the_storing(tmp_path, caplog):
    (tmp_path / "store").write_text("a file")
    claim = ResultStore(tmp_path / "store").claim(Echo, {"value": 1})

    assert claim.save({"value": 1}) is None
    assert claim.find() is None
    assert "cannot be stored" in caplog.text


def write_and_read(root, seed):
    """Write and read the same few results as others do at the same time; return what was wrong."""
    store = ResultStore(root)
    chance = random.Random(seed)
    wrong = []
    for _ in range(15):
        number = chance.randrange(3)
        claim = store.claim(Echo, {"value": number})
        claim.save({"value": value_of(number)})
        found = claim.find()
        if found is not None and not is_whole(found, number):
            wrong.append(number)
        if chance.random() < 0.2:
            store.clear()
    return wrong


def test_writers_readers_and_removers_of_the_same_keys_do_not_disturb_each_other(tmp_path):
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        assert list(pool.map(write_and_read, [tmp_path] * 3, range(3))) == [[], [], []]

    claim = ResultStore(tmp_path).claim(Echo, {"value": 0})
    claim.save({"value": value_of(0)})
    assert is_whole(claim.find(), 0)


def test_a_save_that_is_killed_before_its_result_is_stored_is_run_again(tmp_path):
    store = ResultStore(tmp_path / "store")
    inputs = {"text": "data", "path": str(tmp_path / "out.txt")}
    assert store.claim(Save, inputs).find() is None
    (tmp_path / "out.txt").write_text("da")

    assert store.claim(Save, inputs).find() is None
