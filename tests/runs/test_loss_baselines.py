"""Verdicts are the same of a run in memory, of its folder loaded again, by `nnjax.diagnose` and in the report."""

import dataclasses
import json

import numpy as np
import pytest

import nnjax
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig, OptimizerConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import from_arrays
from nnjax.diagnosis.run_curves import contexts_of
from nnjax.report.page import write_report

X = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
RARE = (X[:, 0] > 1.4).astype(np.int32)  # 8 % of the second class: log 2 is far above the best constant answer
LINE = np.stack([X @ [1.0, 2.0, 3.0, 4.0] + 40], axis=1).astype(np.float32)


def experiment(output, loss, kind="mlp", **changes):
    model = ModelConfig(kind, (3,), output_activation=output)
    hyper = Hyperparameters(learning_rate=changes.pop("rate", 1e-6))
    data = DataConfig(validation=0.25, test=0.2, scaling="none", **changes)
    return Experiment(data, model, OptimizerConfig("sgd"), hyper, loss, epochs=40, batch_size=32)


CASES = {
    "rare class": (experiment("softmax", "categorical_crossentropy", rate=0.02), RARE),
    "regression": (experiment("linear", "mean_squared_error", target_scaling="standard"), LINE),
    "absolute": (experiment("linear", "mean_absolute_error", target_scaling="standard", rate=0.05), LINE),
    "autoencoder": (experiment("linear", "mean_squared_error", "autoencoder"), RARE),
    "by another loss": (experiment("linear", "huber", target_scaling="standard"), LINE),
}


@pytest.mark.parametrize(
    "case",
    [
        "regression",
        "rare class",
        *(pytest.param(c, marks=pytest.mark.slow) for c in CASES if c not in ("regression", "rare class")),
    ],
)
def test_verdicts_do_not_depend_on_where_the_run_is(case, tmp_path):
    base, y = CASES[case]
    data = from_arrays(X, y)
    run = nnjax.sweep(base, {"seed": (0, 1)}, data=data, workdir=tmp_path / "run")
    memory = nnjax.sweep(base, {"seed": (0, 1)}, data=data)
    loaded = nnjax.load(tmp_path / "run")  # the data were passed as arrays, and are not there any more
    with pytest.raises(nnjax.UserError):
        loaded.data()
    write_report(loaded, tmp_path / "page")
    public = nnjax.diagnose(tmp_path / "run")
    for trial, expected in enumerate(run.diagnoses):
        for found in (memory.diagnoses[trial], loaded.diagnoses[trial], public[trial]):
            assert found.primary == expected.primary
            assert found.others == expected.others
        assert loaded.records[trial].verdict == expected.primary.code
    codes = {found.primary.code for found in run.diagnoses}
    assert codes == {record.verdict for record in run.records}


def test_without_the_baselines_a_verdict_would_be_another(tmp_path):
    """What an older folder without its data has; so the tests above can fail."""
    base, y = CASES["regression"]
    run = nnjax.sweep(dataclasses.replace(base, seed=1), data=from_arrays(X, y), workdir=tmp_path)
    tree = json.loads((tmp_path / "data.json").read_text("utf-8"))
    assert len(tree.pop("baselines")) == 1
    (tmp_path / "data.json").write_text(json.dumps(tree), "utf-8")
    assert nnjax.load(tmp_path).diagnoses[0].primary != run.diagnoses[0].primary


def test_the_constant_answer_by_hand(tmp_path):
    base, y = CASES["rare class"]
    run = nnjax.sweep(base, data=from_arrays(X, y), workdir=tmp_path)
    [tree] = json.loads((tmp_path / "data.json").read_text("utf-8"))["baselines"]
    train, val = (y[rows] for rows in (run.data().train, run.data().validation))
    share = train.mean()
    assert tree["mean_predictor"] == pytest.approx(-np.log(np.where(val == 1, share, 1 - share)).mean())
    assert tree["chance_accuracy"] == pytest.approx(1 - val.mean())


@pytest.mark.parametrize("weights", ["balanced", (1.0, 3.0), {"1": 20.0}])
def test_the_constant_answer_with_class_weights_is_that_of_the_weighted_loss(weights, tmp_path):
    """By hand: weighted cross-entropy is lowest at the weighted shares; the validation loss stays unweighted."""
    base, y = CASES["rare class"]
    base = dataclasses.replace(base, class_weight=weights)
    run = nnjax.sweep(base, data=from_arrays(X, y), workdir=tmp_path)
    train, val = (y[rows] for rows in (run.data().train, run.data().validation))
    balanced = (1 - train.mean()) / train.mean()
    rare = {"balanced": balanced, "(1.0, 3.0)": 3.0, "{'1': 20.0}": 20.0}[str(weights)]
    share = rare * train.mean() / (rare * train.mean() + 1 - train.mean())
    expected = -np.log(np.where(val == 1, share, 1 - share)).mean()
    for found in (run, nnjax.load(tmp_path)):
        [(mean, chance, _)] = found._baselines.values()
        assert mean == pytest.approx(expected, rel=1e-5)
        assert chance is None


def test_a_run_with_and_without_class_weights_has_two_constant_answers():
    base, y = CASES["rare class"]
    run = nnjax.sweep(base, {"class_weight": (None, "balanced")}, data=from_arrays(X, y))
    contexts = contexts_of(run.specs, run._facts, run._baselines)
    assert contexts[1].mean_predictor == pytest.approx(np.log(2), rel=1e-5)
    assert contexts[0].mean_predictor < 0.5


@pytest.mark.slow
def test_balanced_weights_with_a_good_balanced_accuracy_are_no_missing_signal():
    """Weak signal, 7 % rare: balanced accuracy .7 on validation, at losses above those of the unweighted prior."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 8)).astype(np.float32)
    z = x @ rng.normal(size=8) * 0.3 + rng.normal(size=1500)
    y = (z > np.quantile(z, 0.93)).astype(np.int32)
    base, _ = CASES["rare class"]
    base = dataclasses.replace(base, class_weight="balanced", epochs=40, metrics=("balanced_accuracy",))
    space = {"widths": [(32,), (128,)], "learning_rate": (0.03, 0.1)}
    run = nnjax.sweep(base, space, data=from_arrays(x, y))
    assert (run.curves()["val_balanced_accuracy"].max(axis=1) > 0.65).all()
    assert not {found.primary.code for found in run.diagnoses} & {"no_signal", "stuck_at_start"}
