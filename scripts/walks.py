"""Count the functions of nnjax that are handed a learning rate, or an image, while a network trains and is reported.

    python scripts/walks.py rate train --config=mnist_mlp --config.learning_rate=0.0317 --workdir=DIR
    python scripts/walks.py image train --config=mnist_mlp --workdir=DIR

The learning rate is 0.0317: by its number or text, in a mapping, or in the experiment that holds it; images have 784
pixels. A function that is handed it again is listed with its number of calls: work that is done twice is found there.
"""

import collections
import pathlib
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import nnjax
from nnjax.cli.entry import main

ROOT = f"{pathlib.Path(nnjax.__file__).parent}/"
RATE, PIXELS = 0.0317, 784
HOLD_RATE, HOLD_IMAGES = ("Experiment", "Hyperparameters", "TrialSpec"), ("Dataset", "Datasets", "Prepared")
MOST = 30  # elements of a container that are looked at, and lines that are printed


def is_rate(value: Any) -> bool:
    """Whether a value is the learning rate, or an experiment that has it."""
    if type(value).__name__ in HOLD_RATE or (isinstance(value, dict) and "learning_rate" in value):
        return True
    return str(RATE) in value if isinstance(value, str) else isinstance(value, int | float) and abs(value - RATE) < 1e-6


def is_image(value: Any) -> bool:
    """Whether a value is an array of images, or data that hold them."""
    shape = getattr(value, "shape", ())
    return type(value).__name__ in HOLD_IMAGES or (isinstance(shape, tuple) and PIXELS in shape)


def holds(value: Any, found: Callable[[Any], bool], depth: int = 2) -> bool:
    """Whether a value, or what its containers hold, is looked for."""
    if found(value):
        return True
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return depth > 0 and any(holds(one, found, depth - 1) for one in inside[:MOST])


def watch(found: Callable[[Any], bool], calls: collections.Counter[str]) -> Callable[[FrameType, str, Any], None]:
    """Return a profile function that counts the calls with what is looked for among their arguments."""

    def profile(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(ROOT) and not code.co_name.startswith("<"):
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            if any(holds(frame.f_locals.get(name), found) for name in names):
                calls[f"{code.co_filename.removeprefix(ROOT)} {code.co_qualname}"] += 1

    return profile


if __name__ == "__main__":
    looked_for = {"rate": is_rate, "image": is_image}[sys.argv.pop(1)]
    counted: collections.Counter[str] = collections.Counter()
    threading.setprofile(watch(looked_for, counted))
    sys.setprofile(watch(looked_for, counted))
    try:
        main()
    except SystemExit:  # the command's own end
        pass
    finally:
        sys.setprofile(None)
    files = {name.split()[0] for name in counted}
    print(f"{len(counted)} functions in {len(files)} files, {counted.total()} calls")
    for name, number in counted.most_common(MOST):
        print(f"{number:6} {name}")
