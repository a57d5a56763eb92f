"""What files are called inside an archive and in a list: ``sample/dataset/file``, unique and safe.

Whatever was registered, unpacking stays below the folder it happens in and overwrites nothing. Names
keep their letters; what could do harm is written as ``%`` and two hexadecimal digits, as in a URL.
"""

import re

__all__ = ["FolderNames", "safe_part", "safe_path"]

# An escape that was in the name before, so that no two names become one.
_ESCAPE = re.compile(r"%(?=[0-9A-Fa-f]{2})")
# A file system takes 255 bytes; room is left for a number.
_MAX_FOLDER_BYTES = 200
NO_SAMPLE = "no_sample"


def safe_part(name: str) -> str:
    """Return a name that is one step of a path: no separator, no control character, not ``..``.

    Two names that differ have safe names that differ.
    """
    name = _ESCAPE.sub("%25", name)
    if name in ("", ".", "..", "%"):
        return _escaped(name) or "%"
    return "".join(char if char.isprintable() and char not in "/\\" else _escaped(char) for char in name)


def safe_path(name: str) -> str:
    """Return the name of a file in its dataset, each step of it safe."""
    return "/".join(map(safe_part, name.split("/")))


class FolderNames:
    """Gives each dataset a folder of its own, also to those of the same name.

    Parameters
    ----------
    reserved
        A name at the top that no sample may have.
    """

    def __init__(self, reserved: str) -> None:
        self._reserved = reserved
        self._taken: set[str] = set()

    def folder_for(self, *, sample: str, dataset: str, number: int) -> str:
        """Return ``sample/dataset``; where that is taken, with the dataset's ``number``, which is unique.

        Folders that differ in upper and lower case only are one on many machines.
        """
        top = _shortened(safe_part(sample)) if sample else NO_SAMPLE
        if top.casefold() == self._reserved.casefold():
            top += "_"
        folder = f"{top}/{_shortened(safe_part(dataset))}"
        while folder.casefold() in self._taken:
            folder += f"_{number}"
        self._taken.add(folder.casefold())
        return folder


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode(errors="surrogatepass"))


def _shortened(name: str) -> str:
    return name.encode()[:_MAX_FOLDER_BYTES].decode(errors="ignore")
