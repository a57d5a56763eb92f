"""A workflow of ewoksxrpd runs here unchanged, although that package is not installed."""

import tomllib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from processing.simulation import write_powder_dataset
from tests.workflows.package_samples import announce_replacement
from workflows import InstalledTasks, run_graph
from workflows.catalog.announcements import Announcement
from workflows.catalog.resolve import resolve_task

ROOT = Path(__file__).parents[2]


@pytest.fixture
def announced(tmp_path, monkeypatch):
    """Announce what the project does, whichever version of it is installed here."""
    if find_spec("ewoksxrpd") is not None:
        pytest.skip("ewoksxrpd is installed")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    for package, instead in groups["reprise.task_replacements"].items():
        announce_replacement(tmp_path / package, package, instead)
        monkeypatch.syspath_prepend(tmp_path / package)
    return [Announcement("class", pattern) for pattern in groups["ewoks.tasks.class"]]


def test_a_workflow_of_ewoksxrpd_runs_where_it_is_not_installed(announced, tmp_path):
    written = write_powder_dataset(tmp_path, calibrant="LaB6")
    names = ("energy", "geometry", "detector", "detector_config", "mask", "integration_options")
    options = {"nbpt_rad": 500, "method": "no_csr_cython"}
    values = {
        "config": {"filename": str(written.poni), "integration_options": options},
        "integrate": {"image": str(written.image)},
        "list": {"images": [str(written.image)], "output_file": str(tmp_path / "list.h5")},
    }
    tasks = {
        "config": "ewoksxrpd.tasks.pyfaiconfig.PyFaiConfig",
        "integrate": "ewoksxrpd.tasks.integrate.IntegrateSinglePattern",
        "list": "ewoksxrpd.tasks.integrate.Integrate1DList",
    }
    nodes = [
        {
            "id": name,
            "task_type": "class",
            "task_identifier": identifier,
            "default_inputs": [{"name": key, "value": value} for key, value in values[name].items()],
        }
        for name, identifier in tasks.items()
    ]
    mapping = [{"source_output": name, "target_input": name} for name in names]
    links = [{"source": "config", "target": name, "data_mapping": mapping} for name in ("integrate", "list")]
    events = []

    result = run_graph(
        {"graph": {"id": "theirs"}, "nodes": nodes, "links": links},
        policy=InstalledTasks(announced),
        events=[events.append],
    )

    assert result.error is None
    intensity = result.nodes["integrate"].outputs["intensity"]
    assert (intensity.shape, np.argmax(intensity) > 0) == ((500,), True)
    uri = f"{tmp_path / 'list.h5'}::/processing/integrate/integrated"
    assert result.nodes["list"].outputs == {"output_uri": uri}
    assert {event.task_identifier for event in events if event.context == "node"} == {
        identifier.replace("ewoksxrpd.", "processing.techniques.xrpd.") for identifier in tasks.values()
    }


@pytest.mark.parametrize("task", ["IntegrateBlissScan", "IntegrateBlissScanWithoutSaving", "Integrate1DList"])
def test_tasks_are_found_in_the_module_where_ewoksxrpd_has_them(announced, task):
    found = resolve_task("class", f"ewoksxrpd.tasks.integrate.{task}")
    policy = InstalledTasks(announced)

    identifier = f"processing.techniques.xrpd.tasks.integrate.{task}"
    policy.check(task_type="class", task_identifier=identifier)
    policy.check_found(found, task_type="class", task_identifier=identifier)
