"""The contest of t-SNE layouts: its divergence, its table, and one process on a few digits."""

import numpy as np
import pytest

from nnjax.embed import LayoutConfig, lay_out
from scripts.peers import layouts


@pytest.mark.slow
def test_a_contender_in_its_own_process_and_its_quality(tmp_path):
    """The divergence by scikit-learn's functions is the one that nnjax reports of the same layouts."""
    layouts.write_data(tmp_path / layouts.DATA, 200)
    x = np.load(tmp_path / layouts.DATA)
    assert (x.shape, x.dtype) == ((200, 784), np.float32)
    assert layouts.race("nnjax", 1, tmp_path, ("--perplexities=10", "--seeds=0,1")) > 0
    with np.load(tmp_path / "layouts_0.npz") as file:
        assert file["y"].shape == (2, 200, 2)
        np.testing.assert_array_equal(file["perplexity"], [10, 10])
    made = lay_out(x, [LayoutConfig(10.0)])
    assert layouts.exact_divergence(x, made.y[0], 10.0) == pytest.approx(made.divergence[0], rel=1e-3)


def test_the_table():
    rows = [
        {"contender": "nnjax", "processes": 1, "seconds": [2.0], "divergence": [1.0, 2.0], "trustworthiness": [0.9]},
        {"contender": "sklearn", "processes": 2, "seconds": [3.0, 5.0, 9.0]},
    ]
    assert layouts.lines(rows)[-2:] == [
        "| nnjax | 2.0 s | 1.00 | 1.5000 | 0.9000 |",
        "| sklearn (2 processes) | 5.0 s | 2.50 |  |  |",
    ]
