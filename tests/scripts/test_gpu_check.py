"""The check of a GPU: its arithmetic by hand, and one step measured on a CPU."""

import json

import pytest

from nnjax.data import Datasets
from scripts import gpu_check, gpu_measures
from scripts.gpu_measures import Peaks, Row

PEAKS = Peaks(flops=100.0, full=50.0, bandwidth=10.0)


def row(flops, traffic):
    return Row("tiny", 4, 20.0, 30.0, flops, traffic, 1_000_000, 2_000_000, 3_000_000)


def test_the_roofline_is_the_longer_of_two_times():
    """1,000 operations at 100 a second are 10 s, 50 bytes at 10 a second 5; 200 bytes are 20."""
    assert row(1000.0, 50.0).least(PEAKS) == 10
    assert row(1000.0, 200.0).least(PEAKS) == 20


def test_what_is_measured_is_written(tmp_path):
    facts = {"device": "a device", "jax": "1", "parity": gpu_check.parity({"tiny": [1.1, 2.0]}, {"tiny": [1.0, 2.0]})}
    assert facts["parity"] == {"tiny": pytest.approx(0.1)}
    gpu_check.write(tmp_path, facts, [row(1000.0, 50.0)], ["lenet from 4 lanes on: why."], PEAKS)
    text = (tmp_path / "gpu_check.md").read_text("utf-8")
    assert "| tiny | 1.0e-01 |" in text
    assert "| tiny | 4 | 20000.000 | 5000000.00 | 5e-11 | 50.0% | 30.0 | 1.0 | 2.0 | 3.0 |" in text
    found = json.loads((tmp_path / "gpu_check.json").read_text("utf-8"))
    assert (found["rows"][0]["least"], found["left_out"]) == (10, ["lenet from 4 lanes on: why."])


@pytest.mark.slow
def test_a_step_of_the_search_on_this_machine():
    """Its envelope is as wide as the widest setting at each place, 64-64-64-32, and passes 64 numbers on: 64-10."""
    group = gpu_measures.group_of("search", 2, Datasets(None))
    assert group.shapes.envelope.widths == (64, 64, 32)
    assert gpu_measures.fits(group, 2)
    found = gpu_measures.measure("search", group, 2)
    products = 2 * 64 * 64 + 64 * 32 + 64 * 10
    assert found.flops == pytest.approx(2 * 32 * 6 * products, rel=0.1)
    assert found.seconds > 0
    assert found.estimated == pytest.approx(found.counted, rel=0.6)
