"""The engine of this machine, in all its ways, gives what every engine must give."""

import pytest
from engine_conformance import CASES, check

WAYS = {
    "calling thread": {},
    "threads": {"max_workers": 4},
    "process": {"pool": "process"},
    "processes": {"pool": "process", "max_workers": 3},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", WAYS)
def test_a_graph_gives_the_same_however_it_is_run(way, case):
    check(case, **WAYS[way])
