"""The page on models of one's own: widths as a hyperparameter, in one program, as networks of these widths train."""

import json
import pathlib
import re

import numpy as np
from populations import blobs

import nnjax
from nnjax.core.fields import replace

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "extending" / "model.md"


def from_page(most):
    """The page's experiment, as wide as the widest that is asked for."""
    (code,) = (
        block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL) if "MOST" in block
    )
    names = {}
    exec(code.replace("MOST, CLASSES = 16, 3", f"MOST, CLASSES = {most}, 3"), names)
    return replace(names["experiment"], {"width": float(most), "epochs": 2, "batch_size": 8, "weight_decay": 0.01})


def test_masked_widths_train_in_one_program_as_networks_of_these_widths(tmp_path):
    options = {"data": blobs(), "progress": False}
    run = nnjax.sweep(from_page(5), {"width": [2, 5]}, workdir=tmp_path / "run", **options)
    assert json.loads((tmp_path / "run" / "environment.json").read_text("utf-8"))["programs"] == 1
    alone = nnjax.sweep(from_page(2), **options)
    ours, theirs = run.curves(), alone.curves()
    for name in ("train_loss", "val_loss"):
        if name in ours:
            np.testing.assert_allclose(ours[name][0], theirs[name][0], rtol=1e-5)
    padded, own = run.variables(0).params, alone.variables(0).params
    for name in ("w", "b", "v"):
        np.testing.assert_allclose(padded[name][:2], own[name], atol=1e-5)
        assert not np.any(padded[name][2:])
    assert np.abs(ours["train_loss"][0] - ours["train_loss"][1]).min() > 1e-4  # another network
