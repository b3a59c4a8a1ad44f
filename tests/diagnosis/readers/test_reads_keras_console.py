"""What Keras prints: the bars of Keras 3 as it writes them here, those of Keras 2 after its form."""

import contextlib
import io

import pytest
from log_curves import EPOCHS, LOSS, VAL


def bars(running, end):
    rows = zip(EPOCHS, LOSS, VAL, strict=True)
    return "".join(f"Epoch {i}/24\n{running.format(a=2 * a)}{end.format(i=i, a=a, b=b)}\n" for i, a, b in rows)


@pytest.mark.parametrize(
    "text",
    [
        bars(
            "\r 1/10 [>....] - ETA: 1s - loss: {a:.4f}",
            "\r10/10 [==] - 1s - loss: {a:.4f} - val_loss: {b:.4f}",
        ),
        bars(
            "1/10 [>..] - ETA: 1s - loss: {a:.4f}" + "\b" * 40, "10/10 [===] - 1s - loss: {a:.4f} - val_loss: {b:.4f}"
        ),
        bars(
            "\x1b[1m 1/10\x1b[0m \x1b[32m━\x1b[0m\x1b[37m━━━\x1b[0m \x1b[1m1s\x1b[0m 9ms/step - loss: {a:.4f}\b\b\b\b",
            "\x1b[1m10/10\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m1s\x1b[0m 5ms/step - loss: {a:.4f} - val_loss: {b:.4f}",
        ),
        bars("", "10/10 - 1s - 5ms/step - loss: {a:.4f} - val_loss: {b:.4f}"),
        bars(
            "",
            "10/10 [==] - 1s - loss: {a:.4f} - val_loss: {b:.4f}\n\nEpoch {i:05d}: val_loss improved from 3.0",
        ),
    ],
    ids=["carriage-returns", "backspaces", "keras-3", "verbose-2", "checkpoints"],
)
def test_bars(both, text):
    assert both("Model: sequential\nTotal params: 10\n" + text).sources[0].startswith("console text of Keras;")


def test_keras_as_it_prints(both):
    """The bars that `fit` prints with verbose=1, by its own callback."""
    keras = pytest.importorskip("keras")
    bar = keras.callbacks.ProgbarLogger()
    bar.set_params({"epochs": 24, "verbose": 1, "steps": 3})
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        bar.on_train_begin()
        for i, a, b in zip(EPOCHS, LOSS, VAL, strict=True):
            bar.on_epoch_begin(i - 1)
            for batch in range(3):
                bar.on_train_batch_end(batch, {"loss": a + 0.1 * (2 - batch)})
            bar.on_epoch_end(i - 1, {"loss": a, "val_loss": b})
    assert both(printed.getvalue()).sources[0].startswith("console text of Keras;")
