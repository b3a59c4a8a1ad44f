"""Matplotlib figures as SVG inside a page: text, lines and paper follow the page's light or dark colors.

Gray is a mixture of the page's ink and paper; other colors become lighter in the dark, and darker in text, until their
contrast suffices. Artists with the id `AS_IS` keep their colors: what stands on a colored ground of its own.
"""

import hashlib
import io
import re
import warnings
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.collections import Collection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from nnjax.diagnosis.verdict_rule import luminance

AS_IS, INK = "as-is", "ink"  # ids of artists that keep their colors; of images in shades of ink
PAPER = {"light": "#fcfcfa", "dark": "#16181b"}  # of style.css
TEXT_CONTRAST, LINE_CONTRAST = 5.0, 3.0  # WCAG 2.1 asks for 4.5 and 3, on paper alone
MANY_POINTS = 300  # of a scatter or a line with markers, which is then an image
PIXELS_PER_INCH = 88  # on the page
IMAGE_DPI = 150
WIDER_THAN_A_PHONE = 420  # pixels
NAMESPACE = re.compile(r"^\{.*\}")  # which elements and attributes in HTML do without
COLOR = re.compile(r"(fill|stroke): (#[0-9a-f]{6})")
NUMBER = re.compile(r"-?\d+\.\d{3,}")  # a tenth of a pixel is enough
FONT = re.compile(r"font: ([^';]*?)'[^;]*")


def to_svg(figure: Figure, alt: str) -> Markup:
    """Write a figure as an SVG element for a page.

    Args:
      figure: drawn for white paper.
      alt: its text for readers who do not see it.
    """
    _mark(figure)
    root = ElementTree.fromstring(_saved(figure, hashlib.sha256(alt.encode()).hexdigest()[:8]))
    used = set(re.findall(r"#([\w-]+)", ElementTree.tostring(root, "unicode")))
    _recolor(root, used, as_is=False)
    width = round(PIXELS_PER_INCH * float(figure.get_size_inches()[0]))
    kept = {"viewBox": root.get("viewBox", ""), "role": "img", "aria-label": alt, "style": f"--width: {width}px"}
    root.attrib.clear()
    root.attrib.update(kept | {"class": "themed wide" if width > WIDER_THAN_A_PHONE else "themed"})
    for place in [one for one in root if one.tag.endswith("metadata")]:
        root.remove(place)
    return Markup(re.sub(r">\s+<", "><", ElementTree.tostring(root, "unicode")))


def _mark(figure: Figure) -> None:
    """Draw what has many points as images, and find the images that are in shades of ink."""
    for found in figure.findobj(Collection):
        assert isinstance(found, Collection)
        if isinstance(found, QuadMesh) or np.size(found.get_offsets()) > 2 * MANY_POINTS:
            found.set_rasterized(True)
    for image in figure.findobj(AxesImage):
        assert isinstance(image, AxesImage)
        if image.get_cmap().name == "Greys":
            image.set_gid(INK)
    for line in figure.findobj(Line2D):
        assert isinstance(line, Line2D)
        if line.get_marker() not in ("None", None, "") and np.size(line.get_xdata()) > MANY_POINTS:
            line.set_rasterized(True)


def _saved(figure: Figure, salt: str) -> bytes:
    """Save a figure as SVG with its text as text."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="svg", dpi=IMAGE_DPI, transparent=True, metadata={"Date": None})
    return buffer.getvalue()


def _recolor(element: Any, used: set[str], as_is: bool) -> None:
    """Give an element and those below it the page's colors and font; ids stay where something refers to them."""
    element.tag = NAMESPACE.sub("", element.tag)
    for name in [one for one in element.attrib if one.startswith("{")]:
        element.set(NAMESPACE.sub("", name), element.attrib.pop(name))
    own = element.get("id", "")
    as_is = as_is or own == AS_IS
    if own == INK or (own and own not in used):
        del element.attrib["id"]
        if own == INK:
            element.set("class", INK)
    if style := FONT.sub(r"font: \1system-ui, sans-serif", element.get("style", "")):
        text = element.tag.endswith(("text", "tspan"))
        if text and not as_is and "fill:" not in style:
            style += "; fill: #000000"
        element.set("style", style if as_is else COLOR.sub(lambda one: f"{one[1]}: {themed(one[2], text)}", style))
    if path := element.get("d"):
        element.set("d", NUMBER.sub(lambda one: f"{float(one[0]):.4g}", path))
    for child in element:
        _recolor(child, used, as_is)


def themed(color: str, text: bool = False) -> str:
    """Return a color (#rrggbb, for white paper) as the CSS of a color for light and for dark pages."""
    rgb = bytes.fromhex(color[1:])
    if max(rgb) - min(rgb) < 8:
        share = round(100 * (1 - sum(rgb) / 765))
        return f"color-mix(in srgb, var(--ink) {max(share, 72) if text else share}%, var(--paper))"
    light = readable(color, "light", TEXT_CONTRAST) if text else color
    return f"light-dark({light}, {readable(color, 'dark', TEXT_CONTRAST if text else LINE_CONTRAST)})"


def readable(color: str, paper: str, least: float) -> str:
    """Mix a color with black (on light paper) or white (on dark) until its contrast is at least so much."""
    end = 0 if paper == "light" else 255
    steps = ([round(value + (end - value) * step / 20) for value in bytes.fromhex(color[1:])] for step in range(21))
    mixed = ("#" + bytes(step).hex() for step in steps)
    return next(one for one in mixed if contrast(one, PAPER[paper]) >= least)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors (#rrggbb), from 1 to 21 (WCAG 2.1)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
