"""The embedding report: an interactive page of a data set's embeddings, and the files beside it."""

from nnjax.report.embedding.page import write
from nnjax.report.embedding.text import how, lines

__all__ = ["how", "lines", "write"]
