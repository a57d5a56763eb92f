"""What a command line asks for in vain."""

from __future__ import annotations


class UsageError(Exception):
    """The command line contradicts itself, or asks for something that the workflow does not have."""
