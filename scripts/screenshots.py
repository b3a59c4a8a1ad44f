"""Take screenshots of HTML pages at 1400 and 390 px, light and dark, and check what a picture does not show.

    python -m scripts.screenshots --out=DIR PAGE.html [PAGE.html …]

Needs Chromium. Checked on every page: no sideways scrolling of the whole page, contrast of all text (WCAG 2.1: 4.5, or
3 where it is large), no uncaught exceptions, and a text alternative for every image, drawing and canvas. Exit status 1
where something is found.
"""

import base64
import importlib
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

from absl import app, flags

FLAGS = flags.FLAGS
flags.DEFINE_string("out", None, "folder for the screenshots", required=True)

WIDTHS, SCHEMES = (1400, 390), ("light", "dark")
TALLEST = 12_000  # pixels of a page that are pictured
CHECK = pathlib.Path(__file__).with_suffix(".js").read_text("utf-8")


def main(argv: list[str]) -> None:
    """Picture and check every page."""
    out = pathlib.Path(FLAGS.out)
    out.mkdir(parents=True, exist_ok=True)
    number = 0
    sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests"))
    with importlib.import_module("browser").browser() as browser:
        for path in map(pathlib.Path, argv[1:]):
            for name, faults in _look(browser, path, out):
                number += len(faults)
                print("\n    ".join([name, *faults]))
    sys.exit(number > 0)


def _look(browser: Any, path: pathlib.Path, out: pathlib.Path) -> Iterator[tuple[str, list[str]]]:
    """Picture a page at each width in each scheme; yield the picture's name and what is wrong."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            browser.errors.clear()
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.call("Emulation.setEmulatedMedia", media="screen", features=features)
            browser.open(path, width=width)
            name = f"{path.parent.name}-{path.stem}-{width}-{scheme}.png"
            faults = browser.run(CHECK)
            height = min(browser.run("document.documentElement.scrollHeight"), TALLEST)
            browser.resize(width, height)  # what is drawn once it is in sight is drawn now
            clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
            shot = browser.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
            (out / name).write_bytes(base64.b64decode(shot["data"]))
            yield name, [*faults, *(f"exception: {text}" for text in browser.errors)]


if __name__ == "__main__":
    app.run(main)
