"""Exit statuses, and the one way in which something is complained about."""

from __future__ import annotations

import json
import sys
from typing import Final

from workflows.cli.display import json_value

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130


def complain(message: str, status: int = OK) -> int:
    """Write a sentence to the standard error stream, and return the status that it leads to."""
    sys.stdout.flush()
    sys.stderr.write(f"reprise: {message}\n")
    return status


def write_json(document: object) -> None:
    """Print a document; what JSON does not know is described."""
    sys.stdout.write(json.dumps(document, default=json_value, indent=2) + "\n")
