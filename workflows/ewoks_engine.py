"""Our engine for ewoks: ``ewoks execute --engine reprise``, an ewoksjob worker, ewoksserver, BLISS.

Ewoks imports this module by its entry point; nothing else does, so that the
engine itself does not need ewokscore.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewokscore.engine_interface import WorkflowEngineWithSerialization
from ewokscore.events.contexts import workflow_context
from ewokscore.events.send_events import send_task_event
from ewokscore.graph import TaskGraph

from workflows.execution import run_graph
from workflows.graphs.convert import convert_graph
from workflows.graphs.graph import load_graph
from workflows.keys import node_name

if TYPE_CHECKING:
    from workflows.events import Event, Handler

REPRESENTATION = "reprise"
"""Whatever Reprise can read, also a processed file with its workflow inside."""

_OF_OTHERS = {".json", ".yaml", ".yml", ".ows", ".ga", ".py"}


class RepriseEngine(WorkflowEngineWithSerialization):
    """Runs graphs that ewoks has loaded, and loads those that are given as ``reprise``."""

    def execute_graph(
        self,
        graph: Any,
        *,
        inputs: list[dict[str, Any]] | None = None,
        load_options: dict[str, Any] | None = None,
        varinfo: dict[str, Any] | None = None,
        execinfo: dict[str, Any] | None = None,
        task_options: dict[str, Any] | None = None,
        outputs: list[dict[str, Any]] | None = None,
        merge_outputs: bool | None = True,
        raise_on_error: bool | None = True,
        backend: str = "local",
        **options: Any,
    ) -> dict[Any, Any]:
        """Run a graph; events go where ewoks sends its own.

        ``backend`` is one of the engines of Reprise, and ``options`` are those of
        ``run_graph`` and of that engine.

        Raises
        ------
        WorkflowError
            The graph is refused, or it failed and ``raise_on_error``.
        """
        loaded = load_graph(graph, **(load_options or {}))
        with workflow_context(execinfo, workflow=loaded.id) as info:
            result = run_graph(
                loaded,
                inputs or (),
                outputs=outputs,
                merge_outputs=bool(merge_outputs),
                varinfo=varinfo,
                execinfo=info["job_id"] if info else None,
                task_options=task_options,
                engine=backend,
                events=[_forward(info)] if info else (),
                keep_outputs=False,
                **options,
            )
            if result.error is not None:
                if raise_on_error:
                    raise result.error
                if info:
                    info["exception"] = result.error
        return dict(result.outputs)

    def deserialize_graph(
        self,
        graph: Any,
        *,
        inputs: list[dict[str, Any]] | None = None,
        representation: str | None = None,
        root_dir: str | Path | None = None,
        root_module: str | None = None,
        **load_options: Any,
    ) -> TaskGraph:
        """Read a graph as Reprise does: in linear time, and nothing in it is executed."""
        given = None if representation == REPRESENTATION else representation
        task_graph = TaskGraph()
        task_graph.graph = convert_graph(
            graph,
            inputs=inputs or (),
            source_representation=given,
            representation="networkx",
            root_dir=root_dir,
            root_module=root_module,
            flatten=True,
            **load_options,
        )
        return task_graph

    def serialize_graph(
        self, graph: TaskGraph, destination: Any, *, representation: str | None = None, **save_options: Any
    ) -> Any:
        """Write a graph; which form that is, the destination tells."""
        given = None if representation == REPRESENTATION else representation
        return convert_graph(graph, destination, representation=given, **save_options)

    def get_graph_representation(self, graph: Any) -> str | None:
        """Recognise files that nobody else reads: processed files with their workflow inside."""
        if isinstance(graph, Mapping) or not isinstance(graph, str | Path):
            return None
        path = Path(graph)
        is_ours = path.suffix.lower() not in {"", *_OF_OTHERS} and _is_file(path)
        return REPRESENTATION if is_ours else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text of another kind, taken for a path
        return False


def _forward(info: Mapping[str, Any]) -> Handler:
    """Make an event handler that sends what happens to nodes as ewoks does; it says nothing of others."""

    def forward(event: Event) -> None:
        if event.context != "node" or event.never_started or event.node_id is None:
            return
        send_task_event(
            execinfo={**info, "node_id": node_name(event.node_id), "task_id": event.task_identifier},
            event=event.type,
            **_details(event),
        )

    return forward


def _details(event: Event) -> dict[str, Any]:
    if event.type == "progress":
        return {"progress": event.progress}
    uris = {
        "task_uri": event.task_uri,
        "input_uris": list(event.input_uris or ()),
        "output_uris": list(event.output_uris or ()),
    }
    if event.type == "start" or event.error_message is None:
        return uris
    return {
        "error": True,
        "error_message": event.error_message,
        "error_traceback": event.error_traceback or "",
        **uris,
    }
