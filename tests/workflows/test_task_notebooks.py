import importlib.util

import pytest

from workflows import UnsupportedError
from workflows.catalog.resolve import resolve_task
from workflows.tasks.notebooks import tagged_results


def cell(source, data, *, tags=("results",), output_type="execute_result"):
    return {
        "source": source,
        "metadata": {"tags": list(tags)},
        "outputs": [{"output_type": output_type, "data": data}],
    }


@pytest.mark.skipif(importlib.util.find_spec("papermill") is not None, reason="papermill is installed")
def test_a_notebook_without_papermill_is_refused_before_it_runs():
    with pytest.raises(UnsupportedError, match="need the package 'papermill'"):
        resolve_task("notebook", "analysis.ipynb")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([cell("{'a': 1}", {"application/json": {"a": 1}})], {"a": 1}),
        ([cell("x = 2\nx", {"text/plain": "2"})], {"x": 2}),
        ([cell("name\n", {"text/plain": "'text'"})], {"name": "'text'"}),
        ([cell("d", {"text/plain": '{"b": 3}'})], {"b": 3}),
        ([cell("x", {"text/plain": "1"}), cell("x", {"text/plain": "2"})], {"x": 2}),
        ([cell("x", {"text/plain": "1"}, tags=["other"])], {}),
        ([cell("x", {"text/plain": "1"}, output_type="display_data")], {}),
        ([cell("x", {"image/png": "..."})], {}),
        ([{"source": "x", "metadata": {}, "outputs": []}], {}),
    ],
)
def test_results_are_what_the_tagged_cells_show(cells, expected):
    assert tagged_results(cells) == expected
