"""What tasks that draw pictures have in common."""

from pathlib import Path

from processing.nexus.tree import write_whole
from processing.nexus.values import read_number
from processing.techniques.xrpd.pictures import Style
from workflows import InputError, Task

MAX_INCHES, MAX_DPI, MAX_FONT = 40.0, 600.0, 72.0


class Diagnose(
    Task,
    optional_input_names=["show", "pause", "filename", "figsize", "dpi", "fontsize"],
    output_names=["saved"],
    register=False,
):
    """What the tasks that draw have in common: where to, and how large.

    Inputs
    ------
    filename : path, optional
        The PNG to write, whole or not at all; replaced if it exists; its folder must exist.  Without it
        nothing is drawn.
    figsize : two floats, default (12, 6), inches
    dpi : float, default 100
    fontsize : float, default 11, points
    show, pause : any
        Accepted and not used: there is no screen here.

    Outputs
    -------
    saved : bool, whether a picture was written
    """

    def _style(self) -> Style:
        width, height = self._size()
        dpi = self._limited("dpi", Style.dpi, MAX_DPI)
        return Style((width, height), dpi, self._limited("fontsize", Style.fontsize, MAX_FONT))

    def _size(self) -> tuple[float, float]:
        given = self.get_input_value("figsize", None) or Style.figsize
        try:
            width, height = (read_number("figsize", side) for side in given)
        except (TypeError, ValueError):
            raise InputError(f"figsize must be two numbers, in inches, not {given!r}") from None
        if not (0 < width <= MAX_INCHES and 0 < height <= MAX_INCHES):
            raise InputError(f"figsize must be two numbers up to {MAX_INCHES:g} inches, not {given!r}")
        return width, height

    def _limited(self, name: str, default: float, most: float) -> float:
        given = self.get_input_value(name, None)
        number = default if given is None else read_number(name, given)
        if not 0 < number <= most:
            raise InputError(f"{name} must be greater than 0 and at most {most:g}, not {number:g}")
        return number

    def _scaling(self, choices: tuple[str, ...]) -> str:
        given = str(self.get_input_value("scaling", None) or choices[0]).lower()
        if given not in choices:
            raise InputError(f"The scaling {given!r} is not one of {', '.join(choices)}")
        return given

    def _save(self, picture: bytes) -> None:
        write_whole(Path(str(self.inputs.filename)), picture)
        self.outputs.saved = True
