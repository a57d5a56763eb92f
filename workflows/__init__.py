"""A workflow engine that is compatible with the ewoks graph format.

>>> from workflows import Task, execute_graph, load_graph
"""

from workflows.cancellation import CancelToken
from workflows.catalog.discovery import Catalog, TaskDescription, discover_tasks
from workflows.catalog.installed import InstalledTasks
from workflows.catalog.schemas import task_schema, workflow_schema
from workflows.catalog.stored_workflows import discover_workflows
from workflows.errors import (
    Cancelled,
    GraphError,
    InputError,
    InputWarning,
    LoopError,
    PolicyError,
    TaskError,
    TimeLimitError,
    UnsupportedError,
    WorkflowError,
)
from workflows.events import Event, Handler
from workflows.execution import execute_graph, run_graph
from workflows.graphs.convert import convert_graph
from workflows.graphs.elements import Link, Node
from workflows.graphs.graph import Graph, load_graph
from workflows.policy import AnyTask, ClosedList, Policy
from workflows.running.plan import Plan, draft_plan, find_problems, make_plan
from workflows.running.results import NodeResult, RunResult
from workflows.states import State
from workflows.tasks.task import Task, TaskWithProgress
from workflows.values import MISSING_DATA, is_missing_data

__all__ = [
    "MISSING_DATA",
    "AnyTask",
    "CancelToken",
    "Cancelled",
    "Catalog",
    "ClosedList",
    "Event",
    "Graph",
    "GraphError",
    "Handler",
    "InputError",
    "InputWarning",
    "InstalledTasks",
    "Link",
    "LoopError",
    "Node",
    "NodeResult",
    "Plan",
    "Policy",
    "PolicyError",
    "RunResult",
    "State",
    "Task",
    "TaskDescription",
    "TaskError",
    "TaskWithProgress",
    "TimeLimitError",
    "UnsupportedError",
    "WorkflowError",
    "convert_graph",
    "discover_tasks",
    "discover_workflows",
    "draft_plan",
    "execute_graph",
    "find_problems",
    "is_missing_data",
    "load_graph",
    "make_plan",
    "run_graph",
    "task_schema",
    "workflow_schema",
]
