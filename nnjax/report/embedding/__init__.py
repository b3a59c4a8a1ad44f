"""The embedding report: a page on which pictures of one data set are looked through, and the files beside it."""

from nnjax.report.embedding.page import write
from nnjax.report.embedding.text import how, lines

__all__ = ["how", "lines", "write"]
