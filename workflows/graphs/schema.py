"""What the ewoks format knows: its versions and its task types."""

from __future__ import annotations

LATEST_VERSION = "1.2"
KNOWN_VERSIONS = ("1.0", "1.1", LATEST_VERSION)
TASK_TYPES = ("class", "method", "graph", "script", "notebook", "generated", "ppfmethod", "ppfport")
