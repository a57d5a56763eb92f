"""ewokscore, which defines the format: our documents mean the same to it."""

import importlib
import inspect
import pkgutil
from copy import deepcopy

import pytest

from workflows.graphs.error_handlers import default_error_links
from workflows.graphs.reading import read_document
from workflows.graphs.subgraphs import flatten_document

ewokscore = pytest.importorskip("ewokscore", reason="ewokscore is not installed (make test-peers)")
