"""Draw the networks of docs/DECK.md as SVG: units, all of their connections, and the parameters counted by layer.

python -m scripts.draw_networks            # writes docs/images/network_3431.svg and encoder_5_2.svg
"""

import itertools
import pathlib
from collections.abc import Sequence

WIDTH, HEIGHT, TOP, LEFT = 150, 46, 60, 60  # between layers and units, and margins, in pixels
RADIUS, MOST = 13, 12

STYLE = """
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#1f2328;text-anchor:middle}
.s{font-size:12px;fill:#59636e}.b{font-weight:600}.w{stroke:#8c959f;stroke-width:1}
.i{fill:#d1d9e0}.h{fill:#2f6fb0}.o{fill:#c2571a}.c{fill:#2c7a4b}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.w{stroke:#656c76}
.i{fill:#3d444d}.h{fill:#6cb0f0}.o{fill:#f0985c}.c{fill:#6cc58b}}
"""


def counts(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Count the weights and biases of each layer of a dense network: [(weights, biases)]."""
    return [(a * b, b) for a, b in itertools.pairwise(sizes)]


def draw(sizes: Sequence[int], names: Sequence[str], code: int | None = None) -> str:
    """Draw a network as SVG, with a line for each weight and the sum of the parameters below.

    Args:
      sizes: units of each layer, at most 12, inputs and outputs included.
      names: of the layers.
      code: which layer is a code, in its own color.
    """
    if len(names) != len(sizes) or not all(0 < size <= MOST for size in sizes):
        raise ValueError(f"layers of 1 to {MOST} units with a name each were expected, not {sizes} and {names}")
    tall = max(sizes) * HEIGHT
    width, height = 2 * LEFT + WIDTH * (len(sizes) - 1), TOP + tall + 66
    places = [
        [(LEFT + WIDTH * layer, TOP + tall / 2 + HEIGHT * (unit - (size - 1) / 2)) for unit in range(size)]
        for layer, size in enumerate(sizes)
    ]
    kinds = ["i", *["h"] * (len(sizes) - 2), "o"]
    if code is not None:
        kinds[code] = "c"
    parts = [_line(a, b) for one, other in itertools.pairwise(places) for a in one for b in other]
    parts += [_circle(kind, place) for kind, own in zip(kinds, places, strict=True) for place in own]
    sums = [sum(one) for one in counts(sizes)]
    for layer, (name, size) in enumerate(zip(names, sizes, strict=True)):
        x = LEFT + WIDTH * layer
        parts += [_text(name, x, 24, "b"), _text(f"{size} unit{'s' * (size > 1)}", x, 42, "s")]
        if layer:
            formula = f"{sizes[layer - 1]}·{size} + {size} = {sums[layer - 1]}"
            parts.append(_text(formula, x - WIDTH / 2, height - 40, "s"))
    what = f"A network of {'-'.join(map(str, sizes))} units: {sum(sums)} parameters"
    parts.append(_text(f"{' + '.join(map(str, sums))} = {sum(sums)} parameters", width / 2, height - 14, "b"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    title = f'{head} role="img" aria-label="{what}">\n<title>{what}</title>\n<style>{STYLE}</style>'
    return "\n".join([title, *parts, "</svg>\n"])


def _line(a: tuple[float, float], b: tuple[float, float]) -> str:
    return f'<line class="w" x1="{a[0]:g}" y1="{a[1]:g}" x2="{b[0]:g}" y2="{b[1]:g}"/>'


def _circle(kind: str, place: tuple[float, float]) -> str:
    return f'<circle class="{kind}" cx="{place[0]:g}" cy="{place[1]:g}" r="{RADIUS}"/>'


def _text(text: str, x: float, y: float, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{text}</text>'


PICTURES = {
    "network_3431.svg": ((3, 4, 3, 1), ("inputs", "hidden", "hidden", "output"), None),
    "encoder_5_2.svg": ((5, 2, 5), ("inputs", "code", "outputs"), 1),
}


def pictures() -> dict[str, str]:
    """Draw those of the documentation (lecture slides, sections 4 and 7): SVG by file name."""
    return {name: draw(*what) for name, what in PICTURES.items()}


if __name__ == "__main__":
    for file, svg in pictures().items():
        (pathlib.Path(__file__).parents[1] / "docs" / "images" / file).write_text(svg, "utf-8")
