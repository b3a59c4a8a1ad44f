"""The history report: a page with a chapter for each machine, from the 1943 neuron to backpropagation."""

from nnjax.report.history.chapters import CHAPTERS, Chapter, Figure, Row, make
from nnjax.report.history.page import write

__all__ = ["CHAPTERS", "Chapter", "Figure", "Row", "make", "write"]
