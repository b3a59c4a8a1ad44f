"""The chapter on LeNet-5."""

from typing import Any

import numpy as np

from nnjax.lectures.history.chapters import PUBLISHED, Chapter, Row, compose, counted
from nnjax.lectures.history.drawing import NEGATIVE, panels
from nnjax.lectures.history.lenet import model
from nnjax.models.layer_counts import LayerCount, lenet5
from nnjax.models.lenet_tables import C3_INPUTS, bitmaps

# Trainable parameters and connections of each layer (section II.B).
KNOWN = {
    "C1": (156, 122_304),
    "S2": (12, 5_880),
    "C3": (1_516, 151_600),
    "S4": (32, 2_000),
    "C5": (48_120, 48_120),
    "F6": (10_164, 10_164),
}
SHOWN = 10  # mistakes


def chapter() -> Chapter:
    """Compute and draw it."""
    learned = model.learn()
    drawings = {
        "table": _table(),
        "bitmaps": _bitmaps(),
        "maps": _maps(learned),
        "mistakes": _mistakes(learned),
    }
    layers = lenet5(model.EXPERIMENT.model, 784, 10)
    share = 100 * np.mean(learned.answers != learned.truth)
    rows = [
        *(_layer_row(layer) for layer in layers if layer.name in KNOWN),
        counted("all layers: parameters", sum(layer.weights + layer.biases for layer in layers), 60_000, PUBLISHED),
        counted("all layers: connections", sum(layer.connections for layer in layers), 340_908, PUBLISHED),
        Row(f"wrong after {model.EPOCHS} epochs of 4,000 digits, % of 500", f"{share:.1f}"),
        Row("taken for one another most often", _confused(learned)),
    ]
    return compose(__file__, drawings, rows, epochs=model.EPOCHS)


def _layer_row(layer: LayerCount) -> Row:
    found = [layer.weights + layer.biases, layer.connections]
    return counted(f"{layer.name}: parameters, connections", found, KNOWN[layer.name], PUBLISHED)


def _confused(learned: model.Learned) -> str:
    pairs: dict[tuple[int, int], int] = {}
    for place in learned.wrong:
        pair = int(learned.truth[place]), int(learned.answers[place])
        pairs[pair] = pairs.get(pair, 0) + 1
    most = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:3]
    return "; ".join(f"{truth} for {answer}: {times}" for (truth, answer), times in most)


@panels(1, width=9.4, height=2.9)
def _table(axes: Any) -> None:
    table = np.zeros((6, len(C3_INPUTS)))
    for own, inputs in enumerate(C3_INPUTS):
        table[list(inputs), own] = 1
    axes[0].imshow(table, cmap="Greys", vmin=0, vmax=1.6, aspect="auto")
    axes[0].set(xticks=range(16), yticks=range(6), xlabel="map of C3", ylabel="map of S2")
    axes[0].tick_params(length=0)


@panels(10, width=0.94, height=1.5)
def _bitmaps(axes: Any) -> None:
    for digit, (one, drawn) in enumerate(zip(axes, bitmaps(), strict=True)):
        one.imshow(drawn.reshape(12, 7), cmap="Greys", vmin=-1, vmax=1)
        one.set_title(digit)
        one.set_axis_off()


@panels(23, 3, width=0.41, height=0.55)
def _maps(axes: Any, learned: model.Learned) -> None:
    chosen = [int(np.flatnonzero(learned.truth == digit)[0]) for digit in (0, 4, 7)]
    for line, place, first, second in zip(axes, chosen, *learned.subsampled, strict=True):
        for one, image in zip(line, [learned.pixels[place], *first, *second], strict=True):
            one.imshow(image, cmap="Greys")
            one.set_axis_off()


@panels(SHOWN, width=0.94, height=1.2)
def _mistakes(axes: Any, learned: model.Learned) -> None:
    for one in axes:
        one.set_axis_off()
    for one, place in zip(axes, learned.wrong, strict=False):
        one.imshow(learned.pixels[place], cmap="Greys")
        one.set_title(f"{learned.truth[place]} → {learned.answers[place]}", color=NEGATIVE)
