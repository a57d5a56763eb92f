"""``reprise execute``, ``tasks``, ``workflows``, and what holds for every command."""

import json
import os
import signal

import pytest
from cli_samples import reprise, save, start_reprise
from package_samples import install, see_only
from workflow_samples import Add, Endless, Fail, diamond, graph, link, node

from workflows.cli.main import COMMANDS, main


def sleeping(seconds):
    inputs = [{"name": 0, "value": seconds}]
    asleep = {
        "id": "asleep",
        "task_type": "method",
        "task_identifier": "time.sleep",
        "default_inputs": inputs,
    }
    return graph([asleep])


def test_a_workflow_runs_between_its_banner_and_the_word_finished(tmp_path):
    save(tmp_path, diamond())

    done = reprise(tmp_path, "execute", "pipeline.json", "-p", "top:a=2")
    lines = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert lines[:3] == ["#" * 35, "# Execute workflow 'pipeline.json'", "#" * 35]
    assert [line.split()[1:3] for line in lines[3:5]] == [["top", "started"], ["top", "succeeded"]]
    assert lines[-6:] == ["", "RESULTS:", "bottom.total = 114", "", "4 nodes: 4 succeeded", "FINISHED"]


def test_a_failure_is_one_sentence_after_the_word_failed(tmp_path):
    done = reprise(tmp_path, "execute", save(tmp_path, graph([node("bad", Fail)])))

    assert done.returncode == 1
    assert done.stdout.endswith("\n1 node: 1 failed\nFAILED\n")
    assert done.stderr == "reprise: node 'bad' (Fail) failed: ValueError: the detector is upside down\n"


def test_a_default_input_that_does_not_exist_is_a_warning_in_one_sentence(tmp_path):
    save(tmp_path, graph([node("odd", Add, defaults={"a": 1, "bb": 2})]))

    lenient = reprise(tmp_path, "execute", "pipeline.json", "-q")
    strict = reprise(tmp_path, "execute", "pipeline.json", "-q", "-o", "strict=true")

    sentence = "node 'odd' (Add), input 'bb': there is no such input; did you mean 'b'?\n"
    assert (lenient.returncode, lenient.stderr) == (0, f"reprise: warning: {sentence}")
    assert (strict.returncode, strict.stderr) == (1, f"reprise: {sentence}")


def test_the_traceback_is_shown_on_request(tmp_path):
    done = reprise(tmp_path, "execute", save(tmp_path, graph([node("bad", Fail)])), "--traceback")

    assert done.returncode == 1
    assert 'raise ValueError("the detector is' in done.stderr


def test_tasks_beside_the_caller_can_be_named(tmp_path):
    (tmp_path / "my_tasks.py").write_text("import numpy\ndef ramp(n): return numpy.zeros((n, 2), 'f4')")
    document = graph([{"id": "ramp", "task_type": "method", "task_identifier": "my_tasks.ramp"}])

    done = reprise(tmp_path, "execute", save(tmp_path, document), "-p", "n=3")

    assert "ramp.return_value = float32 (3, 2)\n" in done.stdout


def test_json_is_the_only_thing_printed_on_request(capsys, tmp_path):
    status = main(
        ["execute", save(tmp_path, diamond()), "--json", "--outputs", "all", "-p", "top:a=1", "-j", "job 7"]
    )
    printed = json.loads(capsys.readouterr().out)

    assert status == 0
    assert (printed["job_id"], printed["state"], printed["error"]) == ("job 7", "succeeded", None)
    assert {"node": "bottom", "name": "total", "value": 112} in printed["outputs"]
    assert printed["nodes"][0] == {"id": "top", "state": "succeeded", "error": None}


@pytest.mark.parametrize(("wanted", "count"), [("none", 0), ("end", 1), ("all", 4)])
def test_the_outputs_to_show_are_chosen(capsys, tmp_path, wanted, count):
    main(["execute", save(tmp_path, diamond()), "--outputs", wanted])

    assert capsys.readouterr().out.count(" = ") == count


def test_merged_outputs_have_no_nodes(capsys, tmp_path):
    main(["execute", save(tmp_path, diamond()), "--merge-outputs"])

    assert "\nRESULTS:\ntotal = 112\n" in capsys.readouterr().out


def test_each_of_several_workflows_is_told_apart_and_one_failure_counts(capsys, tmp_path):
    names = [
        save(tmp_path, graph([node("bad", Fail)]), "bad.json"),
        "nowhere.json",
        save(tmp_path, diamond(), "good.json"),
    ]

    status = main(["execute", *names, "--quiet"])
    printed = capsys.readouterr()

    assert status == 1
    assert [line for line in printed.out.splitlines() if line and not line.startswith("###")] == [
        f"# Execute workflow '{names[0]}'",
        "FAILED",
        "# Execute workflow 'nowhere.json'",
        "FAILED",
        f"# Execute workflow '{names[2]}'",
        "RESULTS:",
        "bottom.total = 112",
        "FINISHED",
    ]
    assert printed.err.splitlines()[1] == "reprise: there is no workflow file 'nowhere.json'"


def test_several_results_are_a_list_in_json(capsys, tmp_path):
    status = main(["execute", save(tmp_path, diamond()), "nowhere.json", "--json"])
    printed = json.loads(capsys.readouterr().out)

    assert status == 1
    assert [each["state"] for each in printed] == ["succeeded", "failed"]
    assert printed[1]["error"] == "there is no workflow file 'nowhere.json'"


def test_a_search_runs_the_oldest_file_first(capsys, tmp_path):
    for name, time in (("a.json", 2000), ("b.json", 1000)):
        os.utime(save(tmp_path, diamond(), name), (time, time))

    for arguments in (["--search", str(tmp_path / "*.json")], [str(tmp_path / "*.json"), "--search"]):
        assert main(["execute", *arguments, "--quiet", "--outputs", "none"]) == 0
        named = [line for line in capsys.readouterr().out.splitlines() if line.startswith("# ")]
        assert [name.rpartition("/")[2] for name in named] == ["b.json'", "a.json'"]


def test_a_search_without_a_file_is_a_misuse(capsys, tmp_path):
    assert main(["execute", "--search", str(tmp_path / "*.json")]) == 2
    assert "no file is named like" in capsys.readouterr().err


def test_relative_names_start_in_the_folder_that_is_given(capsys, tmp_path):
    save(tmp_path, diamond())

    assert main(["execute", "pipeline", "--workflow-dir", str(tmp_path), "--quiet"]) == 0
    assert "bottom.total = 112" in capsys.readouterr().out


def test_a_workflow_may_be_a_text_in_json(capsys):
    text = json.dumps(diamond())

    assert main(["execute", text, "-q"]) == 0
    assert "bottom.total = 112" in capsys.readouterr().out


def test_a_second_run_resumes_from_the_first(tmp_path):
    save(tmp_path, diamond())

    first = reprise(tmp_path, "execute", "--resume", "pipeline.json", "--json")
    second = reprise(tmp_path, "execute", "pipeline.json", "--resume", "--json")

    assert [each["state"] for each in json.loads(first.stdout)["nodes"]] == ["succeeded"] * 4
    assert [each["state"] for each in json.loads(second.stdout)["nodes"]] == ["cached"] * 4
    assert json.loads(first.stdout)["outputs"] == json.loads(second.stdout)["outputs"]
    assert (tmp_path / ".reprise" / "records").is_dir()


@pytest.mark.parametrize(
    "spelling", [("--events", "run.jsonl"), ("--events", "run.db"), ("--sqlite3", "run.db")]
)
def test_events_are_written_where_they_are_wanted(tmp_path, monkeypatch, spelling):
    from workflows.events.readers import read_events

    monkeypatch.chdir(tmp_path)
    main(["execute", save(tmp_path, diamond()), *spelling, "-j", "seven"])
    events = list(read_events(spelling[1]))

    assert [(event["context"], event["type"]) for event in events[:2]] == [
        ("job", "start"),
        ("workflow", "start"),
    ]
    assert {event["job_id"] for event in events} == {"seven"}
    assert len(events) == 12  # starts and ends of the job, the workflow and four nodes


def test_disabled_events_go_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert main(["execute", save(tmp_path, diamond()), "--events", "run.jsonl", "--disable-events"]) == 0
    assert not (tmp_path / "run.jsonl").exists()


def test_events_that_cannot_be_written_are_told_before_the_run(capsys, tmp_path):
    status = main(["execute", save(tmp_path, diamond()), "--events", f"{tmp_path}/pipeline.json/run.jsonl"])

    assert status == 1
    assert capsys.readouterr().err.startswith("reprise: events cannot be written: ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--events", "run.txt"], "the name must end in one of .jsonl"),
        (["-o", "max_worker=2"], "has no option 'max_worker'; did you mean 'max_workers'?"),
        (["-o", "outputs=1"], "-o outputs=...: use --outputs"),
        (["-o", "timeout"], "-o timeout: write NAME=VALUE"),
        (["--timeout", "-1"], "timeout is a number above 0, not -1.0"),
        (["--resume", "--data-root-uri", "x"], "name two places: remove one"),
    ],
)
def test_a_contradictory_command_line_is_a_misuse(capsys, tmp_path, arguments, complaint):
    status = main(["execute", save(tmp_path, diamond()), *arguments])

    assert status == 2
    assert complaint in capsys.readouterr().err


def test_resume_without_a_workflow_says_how_to_write_it(capsys):
    assert main(["execute", "--resume", "package.workflows.demo"]) == 2
    assert "write --resume=package.workflows.demo before it" in capsys.readouterr().err


def test_options_of_the_engine_and_of_the_run_are_passed_on(capsys, tmp_path):
    loop = graph(
        [node("again", Add, defaults={"a": 1})], [link("again", "again", {"total": "a"}, required=False)]
    )
    loop["nodes"][0]["force_start_node"] = True

    status = main(
        ["execute", save(tmp_path, loop), "-o", "max_rounds=3", "-o", "max_workers=2", "--engine", "core"]
    )

    assert status == 1
    assert "3" in capsys.readouterr().err


def test_a_run_has_a_time_limit(capsys, tmp_path):
    status = main(["execute", save(tmp_path, graph([node("endless", Endless)])), "--timeout", "0.2"])

    assert status == 1
    assert capsys.readouterr().err == "reprise: the workflow took longer than its time limit of 0.2 s\n"


def test_task_options_reach_every_task(capsys, tmp_path):
    (tmp_path / "option_sample.py").write_text(
        "from workflows import Task\n"
        "class Tell(Task, output_names=['told']):\n"
        "    def run(self): self.outputs.told = self.options['beamline']\n"
    )
    document = graph([{"id": "tell", "task_type": "class", "task_identifier": "option_sample.Tell"}])

    done = reprise(tmp_path, "execute", save(tmp_path, document), "-t", "beamline=ID11")

    assert "tell.told = 'ID11'\n" in done.stdout


def test_only_installed_tasks_are_allowed_on_request(capsys, tmp_path):
    status = main(["execute", save(tmp_path, diamond()), "--policy", "installed"])

    assert status == 1
    assert "is not allowed here" in capsys.readouterr().err


def test_a_workflow_is_saved_with_its_inputs_when_it_runs(tmp_path, capsys):
    destination = tmp_path / "ran.json"
    main(["execute", save(tmp_path, diamond()), "-p", "top:a=5", "-o", f"convert_destination={destination}"])

    assert main(["execute", str(destination)]) == 0
    assert "bottom.total = 120\n" in capsys.readouterr().out


def test_ctrl_c_cancels_the_run(tmp_path):
    running = start_reprise(tmp_path, "execute", save(tmp_path, graph([node("endless", Endless)])))
    while "started" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)

    assert running.returncode == 130
    assert out.endswith("1 node: 1 cancelled\nCANCELLED\n")
    assert "stopping as soon as the running tasks allow" in err


def test_a_second_ctrl_c_ends_at_once(tmp_path):
    running = start_reprise(tmp_path, "execute", save(tmp_path, sleeping(600)))
    while "started" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    while "stopping" not in running.stderr.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)

    assert running.wait(timeout=30) == 130
    running.communicate()


def test_a_terminal_shows_one_line_that_changes(tmp_path):
    ours, theirs = os.openpty()
    running = start_reprise(tmp_path, "execute", save(tmp_path, sleeping(1)), stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the other end was closed
        pass
    os.close(ours)

    assert running.wait(timeout=30) == 0
    assert b"[....................] 0/1 nodes, " in shown
    assert b"asleep" in shown
    assert b"started" not in shown
    assert shown.endswith(b"FINISHED\r\n")


def test_the_live_line_counts_nodes_and_shows_the_percentage():
    import io

    from workflow_samples import Halfway

    from workflows import run_graph
    from workflows.cli.progress import LiveLine

    line = LiveLine(io.StringIO(), 2)
    shown = []
    document = graph([node("first", Halfway), node("second", Fail)], [link("first", "second")])
    run_graph(document, events=[line, lambda event: shown.append(line.text())])

    assert any(
        text.startswith("[....................] 0/2 nodes") and text.endswith("first 50 %") for text in shown
    )
    assert shown[-1].startswith("[####################] 2/2 nodes, 1 failed, ")


@pytest.mark.parametrize("command", ["execute", "validate", "show"])
def test_a_file_that_is_not_there_is_told(capsys, command):
    status = main([command, "nowhere.json"])
    printed = capsys.readouterr()

    assert status == 1
    assert "there is no workflow file 'nowhere.json'" in printed.out + printed.err


@pytest.fixture
def listed(monkeypatch, tmp_path):
    noisy = "import os, sys\nprint('printed')\nsys.stdout.flush()\nos.write(1, b'by a library in C')\n"
    modules = {"listed_sample": f"{noisy}def add(a: int, b=0): pass\ndef subtract(a): pass"}
    install(tmp_path, modules, [("tasks.method", "listed_sample"), ("tasks.method", "gone_sample")])
    see_only(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)  # the command looks in the current folder, too


@pytest.mark.usefixtures("listed")
def test_installed_tasks_are_listed(capsys):
    main(["tasks", "--json"])
    catalog = json.loads(capsys.readouterr().out)
    status = main(["tasks"])
    printed = capsys.readouterr()

    assert status == 0
    assert printed.out.splitlines()[0] == "listed_sample.add (method): a, [b] -> return_value"
    assert printed.err.startswith("reprise: gone_sample: ModuleNotFoundError")
    assert [task["task_identifier"] for task in catalog["tasks"]] == [
        "listed_sample.add",
        "listed_sample.subtract",
    ]
    assert len(catalog["problems"]) == 1


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("pattern", ["sub", "listed_*.subtract"])
def test_tasks_are_chosen_by_a_part_of_the_name_or_a_pattern(capsys, pattern):
    assert main(["tasks", pattern]) == 0
    assert capsys.readouterr().out == "listed_sample.subtract (method): a -> return_value\n"


@pytest.mark.usefixtures("listed")
def test_a_pattern_that_no_task_fits_is_a_failure(capsys):
    assert main(["tasks", "divide"]) == 1
    assert "no task has a name like 'divide'" in capsys.readouterr().err


@pytest.mark.usefixtures("listed")
def test_the_schema_of_tasks_is_printed(capsys):
    main(["tasks", "add", "--schema"])
    schema = json.loads(capsys.readouterr().out)["listed_sample.add"]

    assert schema["inputs"]["properties"]["a"]["type"] == "integer"
    assert schema["inputs"]["required"] == ["a"]


def test_workflows_of_packages_and_folders_are_listed(capsys, monkeypatch, tmp_path):
    packages, folder = tmp_path / "packages", tmp_path / "folder"
    install(packages, {"flow_sample.flows.code": ""}, [("workflows", "flow_sample.flows.*")])
    folder.mkdir()
    save(packages / "flow_sample" / "flows", graph([], label="Of a package", keywords=["xrpd"]), "demo.json")
    save(folder, graph([], label="In a folder"), "mine.json")
    see_only(packages, monkeypatch)
    monkeypatch.chdir(packages)

    assert main(["workflows", str(folder)]) == 0
    assert capsys.readouterr().out == "flow_sample.flows.demo: Of a package [xrpd]\nmine.json: In a folder\n"


def test_without_a_command_the_usage_is_shown(capsys):
    with pytest.raises(SystemExit) as stop:
        main([])

    assert stop.value.code == 2
    assert "usage: reprise" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])

    assert stop.value.code == 0
    assert f"  reprise {command}" in capsys.readouterr().out


def test_the_version_is_that_of_the_installed_package(capsys):
    from importlib.metadata import version

    with pytest.raises(SystemExit) as stop:
        main(["--version"])

    assert stop.value.code == 0
    assert capsys.readouterr().out == f"reprise {version('reprise')}\n"


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    save(tmp_path, diamond())
    running = start_reprise(tmp_path, "show", *["pipeline.json"] * 1000)  # more than a pipe holds
    running.stdout.readline()
    running.stdout.close()

    assert running.stderr.read() == ""
    assert running.wait(timeout=30) == 1
    running.stderr.close()
