"""Celery's broker that is a folder of messages, made safe for several processes.

kombu's own writes a message into its final place bit by bit, and the worker that reads it half-written
ends with an error. Here a message is written aside and renamed.
"""

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem, virtual

__all__ = ["Transport"]

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Messages that appear whole, oldest first."""

    # Who sends declares the queue first, so no table of queues has to be shared through files.
    get_table = virtual.Channel.get_table

    def _queue_bind(self, *_: object) -> None:
        pass

    # kombu's own two levels disagree about the second name.
    def _put(self, queue: str, payload: Mapping[str, Any], **_: object) -> None:  # type: ignore[override]
        name = f"{time.time_ns():020}_{uuid4()}.{queue}.msg"
        aside = Path(self.processed_folder) / name
        aside.write_text(json.dumps(payload))
        aside.rename(Path(self.data_folder_out) / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 - as the base has it
        try:
            return super()._get(queue)
        except ValueError:
            # Cut off when the machine went down. It has been moved away; the sweeper announces again.
            log.warning("A message that cannot be read was left out")
            raise Empty from None


class Transport(filesystem.Transport):
    """Set as ``CELERY_BROKER_TRANSPORT``; the options are those of kombu's filesystem transport."""

    Channel = Channel
