"""A node that is about to run: whether its outputs are known, and keeping them afterwards."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workflows.store.content import content_digest, read_content
from workflows.store.errors import NotStorable
from workflows.store.files import file_states
from workflows.store.identity import task_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.keys import InputKey
    from workflows.store.store import ResultStore
    from workflows.tasks.task import Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is known of a node before it runs; small, and it can be sent to another process.

    The one that runs the node does this::

        claim = store.claim(task_class, inputs)
        outputs = claim and claim.find()
        if outputs is None:
            outputs = ...  # run the task
            if claim:
                claim.save(outputs)
    """

    store: ResultStore
    title: str
    task: Mapping[str, Any]
    inputs: tuple[tuple[InputKey, str], ...]
    """Names and content digests of the inputs, as they were before the run."""
    texts: frozenset[str]
    """All texts in the inputs: any may name a file that the task writes."""
    files: Mapping[str, str]
    """Those of the texts that name files, with the digests of these before the run."""

    @cached_property
    def key(self) -> str:
        """The SHA-256 of the task's code, its inputs and the content of the files that these name."""
        return content_digest(
            {"format": 1, "task": self.task, "inputs": dict(self.inputs), "files": dict(self.files)}
        )

    def find(self) -> dict[str, Any] | None:
        """Return the outputs of an earlier run; None if there are none that can be trusted."""
        return self.store.get(self.key)

    def save(self, outputs: Mapping[str, Any]) -> str | None:
        """Keep the outputs of the run that just ended, and return the key to find them by.

        That key differs from ``key`` when the task created a file that its inputs
        name: the next run finds the file there. None means that nothing was kept,
        and the log says why: an output would not come back the same; there are no
        outputs and no new files, so the task has other side effects; a file that the inputs name
        existed and changed meanwhile, so that nobody knows which content the task
        read; the disk is full.
        """
        try:
            return self._save(outputs)
        except NotStorable as error:
            logger.info("The outputs of %s are not stored: %s", self.title, error)
        except OSError as error:
            logger.warning("The outputs of %s cannot be stored: %s", self.title, error)
        except Exception:  # values have code of their own; the run goes on
            logger.exception("The outputs of %s cannot be stored", self.title)
        return None

    def _save(self, outputs: Mapping[str, Any]) -> str:
        contents = {name: read_content(value) for name, value in outputs.items()}
        states = file_states(self.texts.union(*(content.texts for content in contents.values())))
        for text, state in self.files.items():
            if states.get(text) != state:
                raise NotStorable(f"the file {text!r} changed while the task ran")
        created = {text: state for text, state in states.items() if text not in self.files}
        if not outputs and not created:
            raise NotStorable("it has no outputs and created no file, so what it did is not known")
        after = replace(self, files={text: state for text, state in states.items() if text in self.texts})
        self.store.keep(
            after,
            outputs={name: (content.digest, outputs[name]) for name, content in contents.items()},
            files=created,
        )
        return after.key


def make_claim(
    store: ResultStore,
    task_class: type[Task],
    inputs: Mapping[InputKey, Any],
    *,
    options: Mapping[str, Any] | None,
    title: str | None,
) -> Claim:
    """Read the code and the inputs of a node.

    Raises
    ------
    NotStorable
        The code, an input or a file that an input names is not known for certain.
    """
    contents = {name: read_content(value) for name, value in inputs.items()}
    texts = frozenset[str]().union(*(content.texts for content in contents.values()))
    identity = task_identity(task_class)
    if options:
        identity["options"] = content_digest(dict(options))
    return Claim(
        store=store,
        title=title or task_class.__name__,
        task=identity,
        inputs=tuple((name, content.digest) for name, content in contents.items()),
        texts=texts,
        files=file_states(texts),
    )
