"""Causes of divergence: made-up numbers on either side of each rule, and networks made to diverge by each cause."""

import numpy as np
import pytest
from populations import CLASSIFIER, line, specs_of

import nnjax
from nnjax.core.fields import replace
from nnjax.diagnosis.causes import LARGE
from nnjax.diagnosis.diagnose import diagnose_curves
from nnjax.diagnosis.run_curves import STABLE, contexts_of
from nnjax.diagnosis.types import Curves, TrainingContext
from nnjax.train.storage.records import Record

REGRESSION = replace(
    CLASSIFIER,
    {
        "model.output_activation": "linear",
        "loss": "mean_squared_error",
        "optimizer.name": "sgd",
        "data.validation": 5,
        "data.test": 0,
        "data.target_scaling": "none",
        "batch_size": 16,
        "epochs": 6,
    },
)


def said(loss=(1.0, 0.5, np.nan), **known):
    [found] = diagnose_curves(Curves(train_loss=np.array([loss], float)), TrainingContext(**known))
    assert found.primary.code == "diverged"
    return found.primary


def test_nothing_is_said_of_causes_where_nothing_was_measured():
    assert said(learning_rate=0.1).evidence == {}
    assert "λmax" not in said(learning_rate=0.1).sentence


def test_a_rate_above_the_stable_one_is_named_with_both():
    found = said(learning_rate=0.5, stable_rate=0.1, curvature=20.0, input_size=1.0)
    assert "learning rate 0.5 lies above 0.1, the largest stable one (2/λmax, λmax = 20)" in found.sentence
    assert found.evidence["curvature"] == 20
    assert "3.8/λmax" in said(learning_rate=0.5, stable_rate=0.19, curvature=20.0).sentence
    below = said(learning_rate=0.05, stable_rate=0.1, curvature=20.0)
    assert "The learning rate 0.05 lies below 0.1" in below.sentence


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"input_size": LARGE * 1.1}, "an input has a root mean square of 22"),
        ({"target_size": LARGE * 1.1}, "the targets have a root mean square of 22"),
        ({"infinite_at": 0.0}, "the loss itself is not finite where an output is 0"),
    ],
)
def test_each_cause_is_named_alone(known, words):
    assert words in said(**known).sentence
    if "infinite_at" not in known:
        assert "root mean square" not in said(**dict.fromkeys(known, LARGE * 0.9)).sentence


def test_inputs_are_no_cause_where_the_rate_is_stable():
    """Large inputs matter by the curvature that they bring, which the stable rate counts."""
    stable = {"learning_rate": 0.01, "stable_rate": 0.1, "curvature": 20.0}
    assert "root mean square" not in said(input_size=100.0, **stable).sentence
    log_of_zero = said(infinite_at=0.0, **stable).sentence
    assert "the loss itself is not finite" in log_of_zero
    assert "the rate is not the cause" in log_of_zero
    fast = said(infinite_at=0.0, **(stable | {"learning_rate": 1.0})).sentence
    assert fast.index("lies above") < fast.index("besides, the loss itself")


def test_a_loss_that_exploded_has_causes_too():
    found = said(np.geomspace(1, 1e6, 8), input_size=300.0)
    assert "exploded from 1 to 1e+06: an input has a root mean square of 300" in found.sentence


@pytest.mark.parametrize(("name", "beta"), [("sgd", 0.0)] + [(n, b) for n in list(STABLE)[1:] for b in (0.0, 0.5, 0.9)])
def test_stable_rates_bound_what_descends_a_parabola(name, beta):
    """Steps on w² curvature / 2 shrink w at 99 % of the bound and let it grow at 101 %."""
    for share, grows in ((0.99, False), (1.01, True)):
        w, v, rate = 1.0, 0.0, share * STABLE[name](beta) / 7.0
        seen = []
        for _ in range(4000):
            v = 7.0 * w + beta * v
            w -= rate * (7.0 * w + beta * v if name == "nesterov" else v)
            seen.append(abs(w))
        assert (max(seen[-10:]) > 1) == grows


def test_only_optimizers_with_a_known_bound_have_a_stable_rate():
    values = {"curvature": 4.0, "input_size": 1.0}
    experiments = [replace(REGRESSION, {"optimizer.name": name}) for name in ("sgd", "momentum", "adam")]
    specs = [spec for e in experiments for spec in specs_of(replace(e, {"hyperparameters.learning_rate": 0.3}))]
    facts = {specs[0].experiment.data: nnjax.data.prepare_loaded(line(), REGRESSION.data).facts()}
    found = contexts_of(specs, facts, records=[Record(values=values)] * 3)
    assert [one.stable_rate for one in found] == [0.5, pytest.approx(3.8 / 4), None]
    assert [one.learning_rate for one in found] == [0.3] * 3


def test_networks_that_diverge_by_each_cause_and_one_that_does_not(tmp_path):
    data = line(60)
    x, y = data.x, data.y

    def first(x, y, rates, **options):
        space = {"hyperparameters.learning_rate": rates}
        run = nnjax.sweep(REGRESSION, space, data=(x, y), log=lambda text: None, progress=False, **options)
        return run, [one.primary for one in run.diagnoses]

    run, [fast, healthy] = first(x, y, [30.0, 0.05], workdir=tmp_path / "run")
    assert "the learning rate 30 lies above" in fast.sentence
    assert "curvature" in run.records[0].values
    assert healthy.code != "diverged"
    assert "curvature" not in run.records[1].values
    loaded = nnjax.load(tmp_path / "run")
    assert [one.primary for one in loaded.diagnoses] == [fast, healthy]
    assert nnjax.diagnose(tmp_path / "run")[0].primary == fast
    assert "an input has a root mean square" in first(x * 1000, y, [0.1, 0.2])[1][0].sentence
    assert "the targets have a root mean square" in first(x, y * 1000, [0.1, 0.2])[1][0].sentence
