"""The deck's autoencoders in Keras 3, to set beside nnjax's: `python scripts/keras_deck.py --out=runs/keras_deck.csv`.

Trains sigmoid + MSE for 20 epochs and then, as the deck's notebook did, the same network with binary cross-entropy
and a fresh optimizer for 20 more, with Keras's own fit: Adadelta lr 1, rho .95, eps 1e-7, batch 100, MNIST or any
image source. One line for each seed and arm, flushed as it ends; with --nnjax=RUN the means are compared (Welch).
"""

import csv
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")

from absl import flags

from nnjax.cli.main import run
from nnjax.core.errors import UserError
from nnjax.core.files import check_out

DATA = flags.DEFINE_string("data", "mnist", "image source by name")
OUT = flags.DEFINE_string("out", None, "CSV file to write")
SEEDS = flags.DEFINE_integer("seeds", 5, "how many seeds", lower_bound=2)
EPOCHS = flags.DEFINE_integer("epochs", 20, "epochs of each arm", lower_bound=1)
NNJAX = flags.DEFINE_string("nnjax", None, "run folder of configs/deck_autoencoders.py to compare with")
LOSSES = {"digits64_sig": "mean_squared_error", "bce_literal": "binary_crossentropy"}


def train(seed, train_x, test_x):
    """Yield (arm, train loss, validation loss) of one seed; Keras's shuffling and initialization from that seed."""
    import keras

    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(w, activation="relu") for w in (128, 64, 128)]
    model = keras.Sequential(
        [keras.Input((train_x.shape[1],)), *layers, keras.layers.Dense(train_x.shape[1], activation="sigmoid")]
    )
    for arm, loss in LOSSES.items():
        model.compile(keras.optimizers.Adadelta(1.0, rho=0.95, epsilon=1e-7), loss, steps_per_execution=100)
        history = model.fit(
            train_x, train_x, batch_size=100, epochs=EPOCHS.value, validation_data=(test_x, test_x), verbose=0
        )
        yield arm, history.history["loss"][-1], history.history["val_loss"][-1]


def compare(rows, folder):
    """Print both means over seeds, their difference and its standard error (Welch), for each arm."""
    import numpy as np

    import nnjax

    table = nnjax.load(folder).table()
    for arm in LOSSES:
        ours = table.loc[table.arm == arm, "val_loss"].to_numpy()
        theirs = np.array([float(row[3]) for row in rows if row[0] == arm])
        error = np.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
        gap = ours.mean() - theirs.mean()
        print(
            f"{arm}: nnjax {ours.mean():.5f} ± {ours.std(ddof=1):.5f} ({len(ours)} seeds), Keras {theirs.mean():.5f} ± "
            f"{theirs.std(ddof=1):.5f} ({len(theirs)}), difference {gap:+.5f} = {gap / error:+.2f} standard errors"
        )


def main(argv):
    """Train, or read what was trained, and compare."""
    if OUT.value is None:
        raise UserError("Usage: keras_deck.py --out=FILE.csv [--seeds=5] [--nnjax=RUN].")
    import numpy as np

    from nnjax.data import load

    path = pathlib.Path(check_out(OUT.value, ".csv"))
    rows = list(csv.reader(path.read_text("utf-8").splitlines())) if path.exists() else []
    data = load(DATA.value)
    if data.x.dtype != np.uint8 or data.test_start is None:
        raise UserError(
            f"{DATA.value} holds no images in bytes with a test set of their own, which this script needs: name "
            "mnist or fashion_mnist."
        )
    train_x, test_x = data.x[: data.test_start] / 255.0, data.x[data.test_start :] / 255.0
    with open(path, "a", newline="", encoding="utf-8") as file:
        for seed in range(len(rows) // len(LOSSES), SEEDS.value):
            new = [
                [arm, str(seed), repr(a), repr(b)] for arm, a, b in train(seed, train_x.astype("f"), test_x.astype("f"))
            ]
            csv.writer(file).writerows(new)
            file.flush()
            rows += new
            print(new, flush=True)
    if NNJAX.value:
        compare(rows, NNJAX.value)


if __name__ == "__main__":
    run(main)
