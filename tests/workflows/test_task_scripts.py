import os
import sys
import threading
import time
from pathlib import Path

import pytest

from workflows import Cancelled, CancelToken, GraphError, TaskError
from workflows.catalog.resolve import resolve_task
from workflows.tasks.processes import MOST_CAPTURED_BYTES

PRINT_ARGUMENTS = "import sys\nprint(*sys.argv[1:], sep='|')\n"


def script(folder, name, text, *, mode=0o644):
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def run(identifier, **inputs):
    inputs = {"_capture_output": True, **inputs}
    task = resolve_task("script", identifier)(inputs=inputs)
    task.execute()
    return task.get_output_values()


def is_running(pid):
    """Tell whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_python_file_without_shebang_is_run_by_this_python(tmp_path):
    path = script(tmp_path, "which.py", "import sys\nprint(sys.executable)\n")

    assert run(path) == {"return_code": 0, "out": f"{sys.executable}\n", "err": ""}


def test_another_file_without_shebang_is_run_by_bash(tmp_path):
    path = script(tmp_path, "which", 'echo "${BASH_VERSION:+bash}"\n')

    assert run(path)["out"] == "bash\n"


def test_a_file_with_shebang_runs_itself(tmp_path):
    path = script(tmp_path, "sum.py", "#!/bin/sh\necho $((1 + 2))\n", mode=0o755)

    assert run(path)["out"] == "3\n"


def test_a_file_with_blanks_in_its_name_is_a_file(tmp_path):
    path = script(tmp_path, "two words.sh", "echo fine\n")

    assert run(path)["out"] == "fine\n"


def test_what_is_no_file_is_a_command_split_at_blanks():
    assert run("echo a  b", c="d")["out"] == "a b -c d\n"


def test_inputs_become_arguments(tmp_path):
    path = script(tmp_path, "arguments.py", PRINT_ARGUMENTS)
    inputs = {"2": "second", "n": 3, "all": "", "x": "a b", "long": None, 0: "first"}

    assert run(path, **{str(k): v for k, v in inputs.items()})["out"] == (
        "-n|3|--all|-x|a b|--long|None|first|second\n"
    )


def test_a_shell_does_not_read_the_arguments(tmp_path):
    path = script(tmp_path, "arguments.py", PRINT_ARGUMENTS)

    assert run(path, **{"0": "$(touch x); *"})["out"] == "$(touch x); *\n"


def test_the_return_code_is_an_output(tmp_path):
    path = script(tmp_path, "fail.sh", "echo out; echo err >&2; exit 3\n")

    assert run(path) == {"return_code": 3, "out": "out\n", "err": "err\n"}
    assert run(path, _merge_err=True) == {"return_code": 3, "out": "out\nerr\n", "err": None}


def test_output_goes_where_this_process_writes_unless_it_is_captured(tmp_path, capfd):
    path = script(tmp_path, "talk.sh", "echo out; echo err >&2\n")

    outputs = run(path, _capture_output=False)

    assert outputs == {"return_code": 0, "out": None, "err": None}
    assert capfd.readouterr() == ("out\n", "err\n")


def test_a_bad_return_code_is_a_failure_when_asked_to(tmp_path):
    path = script(tmp_path, "fail.sh", "exit 3\n")
    good = script(tmp_path, "good.sh", "exit 0\n")

    with pytest.raises(TaskError, match="returned non-zero exit status 3"):
        run(path, _raise_on_error=True)
    assert run(good, _raise_on_error=True)["return_code"] == 0


def test_a_program_reads_nothing():
    assert run("cat")["out"] == ""


def test_text_that_is_not_utf8_is_captured(tmp_path):
    path = script(tmp_path, "bytes.py", "import sys\nsys.stdout.buffer.write(b'\\xff!')\n")

    assert run(path)["out"] == "\ufffd!"


def test_a_program_that_does_not_exist_is_a_failure():
    with pytest.raises(TaskError, match="FileNotFoundError"):
        run("no-such-program-anywhere --x")


def test_an_empty_command_is_refused():
    with pytest.raises(GraphError, match="not an empty text"):
        resolve_task("script", "  ")


def test_a_program_that_writes_too_much_is_stopped(tmp_path):
    path = script(tmp_path, "endless.sh", f"echo $$ > {tmp_path}/pid; yes\n")

    with pytest.raises(TaskError, match=f"wrote more than {MOST_CAPTURED_BYTES} bytes"):
        run(path)

    assert not is_running(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("captured", [True, False])
def test_cancelling_kills_a_script_and_its_children(tmp_path, captured):
    text = f"sleep 600 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/parent; wait\n"
    task = resolve_task("script", script(tmp_path, "wait.sh", text))(inputs={"_capture_output": captured})
    thread = threading.Thread(target=task.execute, kwargs={"raise_on_error": False})
    thread.start()
    wait_for(lambda: (tmp_path / "parent").exists() and (tmp_path / "parent").read_text().endswith("\n"))
    pids = [int((tmp_path / name).read_text()) for name in ("child", "parent")]
    assert all(is_running(pid) for pid in pids)

    task.cancel()
    thread.join(20)

    assert not thread.is_alive()
    assert isinstance(task.exception, Cancelled)
    assert not any(is_running(pid) for pid in pids)


def test_a_script_that_ignores_the_polite_signal_is_killed(tmp_path):
    run_token = CancelToken()
    text = f"trap '' TERM; echo $$ > {tmp_path}/pid; while true; do sleep 0.05; done\n"
    task = resolve_task("script", script(tmp_path, "deaf.sh", text))(cancel=run_token)
    thread = threading.Thread(target=task.execute, kwargs={"raise_on_error": False})
    thread.start()
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))

    run_token.cancel()
    thread.join(20)

    assert isinstance(task.exception, Cancelled)
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_a_script_runs_in_a_process_group_of_its_own():
    out = run(f"{sys.executable} -c import(os);print(os.getpgrp())".replace("import(os)", "__import__('os')"))

    assert int(out["out"] or 0) != os.getpgrp()


def test_the_file_of_a_script_is_told(tmp_path, monkeypatch):
    path = script(tmp_path, "here.sh", "true\n")
    monkeypatch.chdir(tmp_path)

    assert resolve_task("script", path).identifier_path == Path(path)
    assert resolve_task("script", "here.sh").identifier_path == Path(path)
    assert resolve_task("script", "here.sh").identifier() == "here.sh"
    assert resolve_task("script", "echo x").identifier_path is None


def test_a_file_that_appears_later_is_run_as_a_file(tmp_path):
    task_class = resolve_task("script", str(tmp_path / "later.sh"))
    script(tmp_path, "later.sh", "echo now\n")

    task = task_class(inputs={"_capture_output": True})
    task.execute()

    assert task.outputs.out == "now\n"
