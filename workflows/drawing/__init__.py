"""Drawing a graph: as text for a terminal, as SVG for everything else."""

from workflows.drawing.svg import draw_svg
from workflows.drawing.text import draw_text

__all__ = ["draw_svg", "draw_text"]
