"""Images with captions: shown one by one in the page, and laid out as one image in the file beside it."""

import functools
import importlib.util
import io
import pathlib
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from nnjax.core.text import printable
from nnjax.report.charts import array_images
from nnjax.report.text import MAX_LABEL

GAP, SIZE = 12, 13  # pixels between images; of text
FONT = "mpl-data/fonts/ttf/DejaVuSans.ttf"  # in Matplotlib's folder


class CaptionedImage(NamedTuple):
    """An image with its caption."""

    label: str  # of the network
    what: str  # which row it is, or a remark
    png: bytes  # the image itself
    first: bool = True  # whether it is the first of its network

    @property
    def uri(self) -> str:
        """An address that holds the image."""
        return array_images.data_uri(self.png)


def side_by_side(some: Sequence[CaptionedImage], width: int = 352) -> bytes:
    """Lay images side by side under their labels, each at most of a width in pixels; as PNG."""
    labels = [headline(item.label) for item in some]
    images = [_resized(item, width) for item in some]
    top = max(_text_size(label)[1] for label in labels) + GAP
    sheet = Image.new("RGB", (len(some) * (width + GAP) + GAP, top + max(one.height for one in images) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (label, image) in enumerate(zip(labels, images, strict=True)):
        left = GAP + i * (width + GAP)
        draw.multiline_text((left + width / 2, 4), label, "black", font(), anchor="ma", align="center")
        sheet.paste(image, (left + (width - image.width) // 2, top), image)
    return to_bytes(sheet)


def stacked(some: Sequence[CaptionedImage]) -> bytes:
    """Lay strips below each other, with their words to the left; as PNG."""
    words = [textwrap.fill(printable(item.label if item.what == "copy" else item.what), MAX_LABEL) for item in some]
    images = [_opened(item) for item in some]
    left = max(_text_size(text)[0] for text in words) + 2 * GAP
    heights = [max(image.height, _text_size(text)[1]) + GAP for image, text in zip(images, words, strict=True)]
    sheet = Image.new("RGB", (left + max(image.width for image in images) + GAP, sum(heights) + GAP), "white")
    draw, y = ImageDraw.Draw(sheet), GAP
    for text, image, height in zip(words, images, heights, strict=True):
        middle = (left - GAP, y + (height - GAP) / 2)
        draw.multiline_text(middle, text, "black", font(), anchor="rm", align="right")
        sheet.paste(image, (left, y), image)
        y += height
    return to_bytes(sheet)


def headline(label: str) -> str:
    """Write a label over an image, in as many lines as it needs not to be cut off."""
    return textwrap.fill(printable(label), MAX_LABEL)


def to_bytes(image: Image.Image) -> bytes:
    """Write an image as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@functools.cache
def font(size: int = SIZE) -> Any:
    """Load DejaVu Sans from Matplotlib's folder, which is not imported; else the font that Pillow has."""
    spec = importlib.util.find_spec("matplotlib")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (pathlib.Path(folder) / FONT).exists():
            return ImageFont.truetype(pathlib.Path(folder) / FONT, size)
    return ImageFont.load_default(size)


def _text_size(text: str) -> tuple[int, int]:
    box = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font())
    return round(box[2]), round(box[3])


def _opened(item: CaptionedImage) -> Image.Image:
    return Image.open(io.BytesIO(item.png)).convert("RGBA")


def _resized(item: CaptionedImage, width: int) -> Image.Image:
    """Enlarge an image by a whole factor to at most a width, or shrink it to that."""
    image = _opened(item)
    if image.width > width:
        size = width, max(1, round(image.height * width / image.width))
        return image.resize(size, Image.Resampling.LANCZOS)
    factor = width // image.width
    return image.resize((factor * image.width, factor * image.height), Image.Resampling.NEAREST)
