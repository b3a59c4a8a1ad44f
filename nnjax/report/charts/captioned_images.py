"""Images with captions: shown one by one in the page, and laid out as one figure in the file beside it."""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from nnjax.report.charts import array_images
from nnjax.report.charts.figures import headline, plain, subplots


class CaptionedImage(NamedTuple):
    """An image with its caption.

    Attributes:
      label: of the network.
      what: which row it is, or a remark.
      png: the image itself.
      first: whether it is the first of its network.
    """

    label: str
    what: str
    png: bytes
    first: bool = True

    @property
    def uri(self) -> str:
        """An address that holds the image."""
        return array_images.data_uri(self.png)


def bare(axes: Any) -> None:
    """Take ticks and frame away."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def side_by_side(some: Sequence[CaptionedImage], width: float = 3.2) -> Figure:
    """Lay images side by side under their labels, each in axes of a width in inches."""
    images = [_decoded(item) for item in some]
    height = width * max(image.shape[0] / image.shape[1] for image in images)
    figure, axes = subplots(len(some), width, height + 0.5)
    for one, item, image in zip(axes, some, images, strict=True):
        _show(one, image)
        one.set_title(headline(item.label), fontsize=9)
    return figure


def stacked(some: Sequence[CaptionedImage]) -> Figure:
    """Lay strips below each other, with their words to the left."""
    images = [_decoded(item) for item in some]
    heights = [image.shape[0] / array_images.CELL for image in images]
    figure = Figure(figsize=(8.0, 0.72 * sum(heights) + 0.12 * len(images)), layout="constrained")
    axes = figure.subplots(len(images), 1, squeeze=False, gridspec_kw={"height_ratios": heights}).ravel()
    for one, item, image in zip(axes, some, images, strict=True):
        _show(one, image)
        text = plain(item.label) if item.what == "copy" else item.what
        one.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=8)
    return figure


def _decoded(item: CaptionedImage) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(item.png)).convert("RGBA"))


def _show(axes: Any, image: np.ndarray) -> None:
    axes.imshow(image)
    bare(axes)
