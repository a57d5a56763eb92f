"""Running a workflow from start to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.cancellation import CancelToken
from workflows.engines import find_engine
from workflows.errors import WorkflowError
from workflows.events import EventStream
from workflows.events.execinfo import read_execinfo
from workflows.graphs.graph import load_graph
from workflows.policy import AnyTask
from workflows.running.calls import RunContext
from workflows.running.plan import make_plan
from workflows.running.results import RunResult
from workflows.running.run import DEFAULT_MAX_ROUNDS, Run, ending
from workflows.running.selection import selected_outputs
from workflows.running.stores import open_stores
from workflows.running.time_limit import TimeLimit
from workflows.states import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflows.events import Handler
    from workflows.graphs.graph import Graph
    from workflows.keys import NodeId
    from workflows.policy import Policy
    from workflows.running.results import NodeResult
    from workflows.running.selection import Wanted


def execute_graph(
    workflow: object,
    inputs: Sequence[Mapping[str, Any]] = (),
    *,
    raise_on_error: bool = True,
    **arguments: Any,
) -> Mapping[Any, Any]:
    """Run a workflow and return its outputs; ``arguments`` are those of ``run_graph``.

    Outputs that are not asked for are let go as soon as no node needs them.

    Examples
    --------
    >>> add = {"id": "add", "task_type": "method", "task_identifier": "operator.add"}
    >>> inputs = [{"name": 0, "value": 1}, {"name": 1, "value": 2}]
    >>> execute_graph({"nodes": [add]}, inputs)
    {'return_value': 3}

    Raises
    ------
    WorkflowError
        Before anything ran, as ``run_graph``. Unless ``raise_on_error`` is
        false, also the error of the first node that failed (``InputError`` or
        ``TaskError``), that of an endless loop or of a time limit, or
        ``Cancelled``.
    """
    result = run_graph(workflow, inputs, keep_outputs=False, **arguments)
    if raise_on_error and result.error is not None:
        raise result.error
    return result.outputs


def run_graph(
    workflow: object,
    inputs: Sequence[Mapping[str, Any]] = (),
    *,
    load_options: Mapping[str, Any] | None = None,
    outputs: Sequence[Mapping[str, Any]] | None = None,
    merge_outputs: bool = True,
    varinfo: Mapping[str, Any] | None = None,
    execinfo: Mapping[str, Any] | str | bool | None = None,
    task_options: Mapping[str, Any] | None = None,
    engine: str = "local",
    events: Iterable[Handler] = (),
    policy: Policy | None = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
    max_rounds: int = DEFAULT_MAX_ROUNDS,
    keep_outputs: bool = True,
    strict: bool = False,
    **engine_options: Any,
) -> RunResult:
    """Run a workflow and tell the truth about each of its nodes.

    Parameters
    ----------
    workflow
        A graph, or what ``load_graph`` reads.
    inputs
        Items of ``name`` and ``value``, which go to the node ``id``; or else to
        those with the ``label`` and the ``task_identifier`` (its end is enough);
        or to all with ``all``; or else to the start nodes.
    load_options
        How to read the workflow: those of ``load_graph``.
    outputs
        Items with the same keys, ``name`` (default: every output) and
        ``new_name``; by default everything from the end nodes.
    merge_outputs
        Return one flat dict; otherwise one dict for each node.
    varinfo
        Where results are stored, as in ewoks (``root_uri``, ``scheme``). A node
        whose code and inputs are known there is not run again: its state is
        ``cached``. So a run that was killed goes on where it was.
    execinfo
        As in ewoks: the id of the job, ``False`` for no events, or a mapping with
        ``job_id`` and ``handlers`` (classes of others only if the policy allows
        every task).
    task_options
        What every task finds in ``self.options``.
    events
        Handlers: called with each event of the run.
    policy
        Which tasks are allowed; by default all that can be imported.
    cancel
        A token by which another thread or a signal handler stops the run.
    timeout
        Seconds after which the run is ended, as a failure.
    max_rounds
        How often a loop may go round before that counts as a failure.
    keep_outputs
        Whether the result has the outputs of all nodes, or only those that are asked for.
    strict
        Refuse inputs that do not exist also where ewoks only warns of them: in class tasks.
    engine_options
        Options of the engine, such as ``max_workers``.

    Raises
    ------
    GraphError, PolicyError, InputError
        The run is refused before anything ran. What goes wrong later is part
        of the result.
    """
    policy = policy or AnyTask()
    job_id, handlers = read_execinfo(execinfo, allow_imports=isinstance(policy, AnyTask))
    run_in_engine = find_engine(engine, engine_options)
    graph = load_graph(workflow, **(load_options or {}))
    plan = make_plan(graph, inputs, policy=policy, strict=strict)
    wanted = selected_outputs(graph, plan.tasks, outputs)
    listeners = () if handlers is None else (*events, *handlers)
    limit = TimeLimit(timeout, cancel or CancelToken())
    with EventStream(listeners, workflow_id=graph.id, job_id=job_id, engine=engine) as stream, limit:
        context = RunContext(
            stream=stream,
            token=limit.token,
            options=task_options,
            stores=open_stores(graph, varinfo),
            kept=None if keep_outputs else frozenset(node_id for node_id, *_ in wanted),
        )
        run = Run(plan, context, max_rounds=max_rounds)
        stream.emit(context="job", type="start")
        stream.emit(context="workflow", type="start", label=graph.label)
        try:
            run_in_engine(run, **engine_options)
        except WorkflowError as refusal:  # by the engine: where it should run, what it cannot send
            _tell_end(stream, graph, State.FAILED, refusal)
            raise
        state, error = limit.judge(*run.finish())
        _tell_end(stream, graph, state, error)
    nodes = {node_id: run.results[node_id] for node_id in graph.nodes}
    return RunResult(state, nodes, _collect(nodes, wanted, merge=merge_outputs), error=error, job_id=job_id)


def _tell_end(stream: EventStream, graph: Graph, state: State, error: WorkflowError | None) -> None:
    if stream.active:
        fields = ending(state, error)
        stream.emit(context="workflow", type="end", label=graph.label, **fields)
        stream.emit(context="job", type="end", **fields)


def _collect(
    nodes: Mapping[NodeId, NodeResult],
    wanted: Iterable[Wanted],
    *,
    merge: bool,
) -> dict[Any, Any]:
    collected: dict[NodeId, dict[str, Any]] = {}
    merged: dict[str, Any] = {}
    for node_id, name, new_name in sorted(wanted, key=lambda item: nodes[item[0]].rounds):
        outputs = nodes[node_id].outputs
        values = outputs if name is None else {new_name or name: outputs[name]} if name in outputs else {}
        collected.setdefault(node_id, {}).update(values)
        merged.update(values)
    return merged if merge else {node_id: values for node_id, values in collected.items() if values}
