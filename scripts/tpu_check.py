"""Compile a population for TPU slices that are not there: `python scripts/tpu_check.py --out=docs/tpu.md`.

256 trials of the deck's autoencoder (configs/deck_autoencoders.py) on the shapes of MNIST, 64 settings × 4 seeds, for
a v5e 2×2 and a v5e 4×4. Needs `pip install 'nnjax[tpu]'` (libtpu) and no TPU; two minutes on one core. The exit status
is 1 where the plan's model of memory and the compiler's count differ by more than a quarter.
"""

import os
import sys
from importlib.metadata import version

from absl import flags

from nnjax.cli.main import run
from nnjax.core.files import check_out

OUT = flags.DEFINE_string("out", "docs/tpu.md", "the Markdown file to write")
SLICES = ("v5e:2x2", "v5e:4x4")
TRIALS = 256
AGREEMENT = 0.25


def main(argv: list[str]) -> None:
    """Compile, print the table and write the page."""
    out = check_out(OUT.value, ".md")
    os.environ["JAX_PLATFORMS"] = "cpu"  # nothing runs on a TPU
    import numpy as np

    from nnjax.checks.defaults import resolve
    from nnjax.cli.config import load_config
    from nnjax.data import from_arrays, prepare_loaded
    from nnjax.train.engine.device_data import make_device_data, make_shapes
    from scripts.tpu_page import page, table
    from scripts.tpu_slices import V5E, account, describe_slice

    images, labels = np.zeros((70_000, 784), np.uint8), np.arange(70_000) % 10  # MNIST, as far as a compiler sees it
    mnist = from_arrays(images, labels, "mnist", image_shape=(28, 28), test_start=60_000)
    experiment = resolve(load_config("configs/deck_autoencoders.py").get_config(), mnist)
    prepared = prepare_loaded(mnist, experiment.data)
    shapes, data = make_shapes(experiment, prepared), make_device_data(experiment, prepared)
    accounts = {n: account(experiment, shapes, data, TRIALS, True, describe_slice(n)) for n in SLICES}
    with open(out, "w", encoding="utf-8") as file:
        file.write(page(accounts, V5E, experiment.epochs, {name: version(name) for name in ("jax", "libtpu")}))
    print(table(accounts, V5E, experiment.epochs), f"written: {out}", sep="\n\n")
    for name, found in accounts.items():
        if abs(found.estimated / found.memory.total - 1) > AGREEMENT:
            sys.exit(f"The model of memory is {found.estimated / found.memory.total:.2f} times the count for {name}.")


if __name__ == "__main__":
    run(main)
