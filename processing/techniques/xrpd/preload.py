"""Have everything of this technique in memory, in a process that forks those that integrate."""

from importlib import import_module
from pkgutil import iter_modules

from processing.techniques.xrpd import kernel, tasks

__all__ = ["preload"]


def preload() -> None:
    """Import all tasks, and compile the loops or load what was compiled before; starts no thread."""
    for module in iter_modules(tasks.__path__, f"{tasks.__name__}."):
        import_module(module.name)
    kernel.load()
