"""Notebooks run by papermill."""

import sys

import pytest

pytest.importorskip("papermill", reason="papermill is not installed (make test-peers)")
pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

import nbformat

from workflows import InputError, TaskError
from workflows.catalog.resolve import resolve_task


@pytest.fixture
def notebook(tmp_path):
    cells = [
        ("parameters", "a = 1\nb = 2"),
        ("results", "total = a + b\n{'total': total}"),
        ("results", "from IPython.display import JSON\nJSON({'a': a})"),
        ("", "'not told'"),
        ("results", "product = a * b\nproduct"),
    ]
    document = nbformat.v4.new_notebook()
    for tag, source in cells:
        metadata = {"tags": [tag]} if tag else {}
        document.cells.append(nbformat.v4.new_code_cell(source, metadata=metadata))
    document.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": sys.version}
    path = tmp_path / "sum.ipynb"
    nbformat.write(document, path)
    return path


def run(notebook, **inputs):
    task = resolve_task("notebook", str(notebook))(inputs=inputs)
    task.execute()
    return task.get_output_values()


def test_inputs_are_parameters_and_tagged_cells_are_the_results(notebook, tmp_path):
    executed = str(tmp_path / "executed.ipynb")

    outputs = run(notebook, a=5, _output_notebook=executed, _kernel_name="python3", _execution_timeout=60)

    assert outputs["output_notebook"] == executed
    assert outputs["results"]["a"] == 5
    assert outputs["results"]["product"] == 10
    assert "a = 5" in (tmp_path / "executed.ipynb").read_text()


def test_a_notebook_need_not_be_kept(notebook):
    assert run(notebook, b=7)["output_notebook"] is None


def test_a_cell_that_raises_is_a_failure(notebook):
    with pytest.raises(TaskError, match="PapermillExecutionError"):
        run(notebook, a="text", b="text")


def test_a_notebook_takes_no_positions(notebook):
    with pytest.raises(InputError, match="no such input"):
        resolve_task("notebook", str(notebook))(inputs={0: 1})


def test_the_file_of_a_notebook_is_told(notebook):
    assert resolve_task("notebook", str(notebook)).identifier_path == notebook
