"""Landlock: the kernel refuses a process every file but those it was left.

Linux 5.13 and newer; needs no privilege. It cannot be undone and holds for all that the process starts.
It is the second layer under the guard of ``processing.nexus``: it holds also where the guard is wrong,
where a link changes between check and opening, and where a file takes over the library that parses it.
"""

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

__all__ = ["is_available", "leave_only"]

# System calls have the same numbers on all architectures since Linux 5.1.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# What each version of the interface added, as masks: files (execute, write, make, remove ...), moving
# between folders, truncation, control of devices.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_NET_RIGHTS = {4: 0b11}  # bind and connect
_SCOPES = {6: 0b11}  # abstract sockets and signals to other processes

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Rule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def is_available() -> bool:
    """Whether this kernel has Landlock and has it switched on."""
    return _version() > 0


def leave_only(roots: Iterable[Path | str]) -> None:
    """Let this process read the given files, and what is in the given folders, and nothing else.

    It can no longer write, make or run a file, nor connect to anything; files that are open stay open. A
    root that does not exist gives nothing.

    Raises
    ------
    OSError
        The kernel refused: it has no Landlock (see `is_available`).
    """
    version = _version()
    handled = _Ruleset(*(_rights(added, version) for added in (_FILE_RIGHTS, _NET_RIGHTS, _SCOPES)))
    # An older kernel knows a shorter structure; it takes a longer one whose rest is zero.
    ruleset = _call(_CREATE_RULESET, ctypes.byref(handled), ctypes.sizeof(handled), 0)
    try:
        for root in roots:
            _allow(ruleset, root)
        if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, root: Path | str) -> None:
    try:
        parent = os.open(root, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        is_folder = stat.S_ISDIR(os.fstat(parent).st_mode)
        rule = _Rule(_READ_FILE | (_READ_DIR if is_folder else 0), parent)
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)


def _rights(added: dict[int, int], version: int) -> int:
    return sum(mask for since, mask in added.items() if since <= version)


def _version() -> int:
    try:
        return _call(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
