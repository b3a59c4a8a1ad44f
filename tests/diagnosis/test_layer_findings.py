"""Findings from signals: made-up ones at the thresholds, networks made sick on purpose, and healthy ones."""

import time

import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.fields import replace
from nnjax.core.layer_statistics import LayerStatistics
from nnjax.diagnosis.layer_findings import DEAD, FALL, LARGE, SATURATED, SMALL, layer_findings

EPOCHS, LAYERS = 8, 3


def made(**values):
    """One healthy trial of 3 layers, but for some signals, broadcast to [t, p]."""
    healthy = {
        "gradient_norm": 0.1,
        "update_ratio": 1e-3,
        "dead_share": 0.1,
        "saturated_share": 0.1,
        "activation_variance": 1.0,
    }
    arrays = {k: np.array(np.broadcast_to(v, (1, EPOCHS, LAYERS)), float) for k, v in (healthy | values).items()}
    return LayerStatistics(("a", "b", "c"), **arrays)


def codes(signals, trial=0):
    return [finding.code for finding in layer_findings(signals)[trial]]


def test_a_healthy_trial_has_no_finding():
    assert layer_findings(made()) == [()]


def test_a_gradient_that_falls_more_than_tenfold():
    assert codes(made(gradient_norm=[0.9 / FALL, 0.5, 1.0])) == ["vanishing_gradient"]
    assert codes(made(gradient_norm=[1.1 / FALL, 0.5, 1.0])) == []
    assert codes(made(gradient_norm=[1.0, 0.5, 0.01])) == []  # from input to output is no trouble


def test_a_gradient_is_judged_by_half_of_the_epochs():
    """In the first three of eight it falls 100-fold; then in the first five."""
    norms = np.tile([1.0, 1.0, 1.0], (EPOCHS, 1))
    norms[:3, 0] = 0.01
    assert codes(made(gradient_norm=norms)) == []
    norms[2:7, 0] = 0.01
    norms[:2, 0] = 1.0
    [[finding]] = layer_findings(made(gradient_norm=norms))
    assert (finding.epoch, finding.layer) == (3, "a")
    assert finding.evidence == {"at_input": 0.01, "at_output": 1.0}
    assert "100-fold" in finding.sentence


def test_a_gradient_of_zero_at_the_input():
    [[finding]] = layer_findings(made(gradient_norm=[0.0, 0.5, 1.0]))
    assert "to nothing" in finding.sentence


@pytest.mark.parametrize(
    ("name", "code", "limit"),
    [("dead_share", "dead_units", DEAD), ("saturated_share", "saturated_units", SATURATED)],
)
def test_shares_of_hidden_layers_at_the_end(name, code, limit):
    shares = np.zeros((EPOCHS, LAYERS))
    shares[:, -1] = 0.99  # of the output: may be meant
    assert codes(made(**{name: shares})) == []
    shares[2:, 1] = limit + 0.01
    [[finding]] = layer_findings(made(**{name: shares}))
    assert (finding.code, finding.layer, finding.epoch) == (code, "b", 3)
    assert finding.evidence == {"share": limit + 0.01}
    shares[-1, 1] = limit  # they came back
    assert codes(made(**{name: shares})) == []


def test_outputs_that_are_all_dead():
    """Every unit of the last layer, from the fourth of eight epochs on; one that lives is enough."""
    shares = np.full((EPOCHS, LAYERS), 0.1)
    shares[3:, 2] = 1.0
    [[finding]] = layer_findings(made(dead_share=shares))
    assert (finding.code, finding.layer, finding.epoch) == ("dead_outputs", "c", 4)
    assert "Every output of c is 0" in finding.sentence
    shares[3:, 2] = 0.99
    assert codes(made(dead_share=shares)) == []


def test_outputs_at_the_ends_of_their_range_for_every_example_alike():
    """From the third of eight epochs on; classes at the ends differ: one in ten at 1 is a variance of 0.09."""
    shares, variance = np.full((EPOCHS, LAYERS), 0.1), np.full((EPOCHS, LAYERS), 0.05)
    shares[2:, 2], variance[2:, 2] = 0.96, 1e-6
    [[finding]] = layer_findings(made(saturated_share=shares, activation_variance=variance))
    assert (finding.code, finding.layer, finding.epoch) == ("saturated_outputs", "c", 3)
    assert "96% of the outputs of c" in finding.sentence
    assert codes(made(saturated_share=shares, activation_variance=0.09)) == []
    assert codes(made(saturated_share=0.1, activation_variance=variance)) == []


def test_updates():
    assert codes(made(update_ratio=[1e-3, LARGE * 1.1, 1e-3])) == ["large_updates"]
    assert codes(made(update_ratio=[1e-3, LARGE * 0.9, 1e-3])) == []
    assert codes(made(update_ratio=SMALL * 0.9)) == ["small_updates"]
    assert codes(made(update_ratio=[SMALL * 0.9, SMALL * 1.1, 0])) == []
    late = np.full((EPOCHS, LAYERS), 1e-9)  # what has been learned needs no updates
    late[1] = 1e-3
    assert codes(made(update_ratio=late)) == []


def test_epochs_at_which_nobody_looked_do_not_count():
    signals = made(gradient_norm=[0.01, 0.5, 1.0], dead_share=0.9)
    for name in ("gradient_norm", "update_ratio", "dead_share", "saturated_share", "activation_variance"):
        getattr(signals, name)[:, 1::2] = np.nan
        getattr(signals, name)[:, :2] = np.nan
    found = layer_findings(signals)[0]
    assert [(finding.code, finding.epoch) for finding in found] == [("vanishing_gradient", 3), ("dead_units", 3)]


def test_nothing_known_nothing_said():
    nothing = made(gradient_norm=np.nan, update_ratio=np.nan, dead_share=np.nan, saturated_share=np.nan)
    assert layer_findings(nothing) == [()]
    nothing.activation_variance[:] = np.nan
    assert layer_findings(nothing) == [()]


@pytest.mark.filterwarnings("error")
def test_arbitrary_numbers_never_crash():
    rng = np.random.default_rng(0)
    for _ in range(200):
        t, p = rng.integers(0, 6), rng.integers(1, 5)
        arrays = [rng.choice([0.0, 1e-30, 1e-3, 0.7, 1.0, 1e30, np.inf, np.nan], (3, t, p)) for _ in range(5)]
        found = layer_findings(LayerStatistics(tuple("abcde"[:p]), *arrays))
        assert len(found) == 3
        assert all(np.isfinite(list(f.evidence.values())).all() and 1 <= f.epoch <= t for own in found for f in own)


def test_a_thousand_trials_take_less_than_a_second():
    rng = np.random.default_rng(0)
    signals = LayerStatistics(tuple("abcd"), *(rng.random((1000, 100, 4)) for _ in range(5)))
    begin = time.process_time()
    assert len(layer_findings(signals)) == 1000
    assert time.process_time() - begin < 1


SICK = {
    "vanishing_gradient": {"widths": (8,) * 5, "activation": "sigmoid"},
    "saturated_units": {"activation": "tanh", "init_scale": 50.0},
    "large_updates": {"optimizer.name": "adam", "learning_rate": 1.0},
    "small_updates": {"optimizer.name": "sgd", "learning_rate": 1e-7},
    "dead_units": {"optimizer.name": "adam", "learning_rate": 3.0, "widths": (16, 16), "epochs": 33},
}


QUICK = ("vanishing_gradient", "dead_units")


@pytest.mark.parametrize("code", [pytest.param(code, marks=() if code in QUICK else pytest.mark.slow) for code in SICK])
def test_networks_made_sick_on_purpose(code):
    run = nnjax.sweep(replace(CLASSIFIER, SICK[code] | {"signals": True}), data=blobs())
    assert code in codes(run.signals())


def test_healthy_networks_have_no_finding():
    run = nnjax.sweep(replace(CLASSIFIER, {"signals": True, "epochs": 40}), {"seed": range(8)}, data=blobs())
    assert layer_findings(run.signals()) == [()] * 8
