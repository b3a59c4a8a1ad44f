"""Ensembles: greedy selection against NumPy and by hand, the mean of the members' outputs, files, sentences."""

import pickle

import numpy as np
import pytest
import safetensors.numpy
from fake_runs import AUTOENCODER, CLASSIFIER, REGRESSOR, fake_run, table

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.exchange import description, files, prediction_tables, program
from nnjax.exchange.ensemble import candidates, selection
from nnjax.nn.metrics import METRICS
from nnjax.report.context import ReportContext
from nnjax.report.sections import ensemble as section
from nnjax.runs import ensemble_members
from nnjax.runs.run import Run
from nnjax.spaces.space import Space

MIXED = Space(axes={"widths": ((8,), (4,)), "seed": (0, 1)})
FOLDED = Space(axes={"data.fold": (0, 1, 2), "learning_rate": (0.1, 0.2)})


def test_greedy_by_hand():
    """Targets 0, answers 1 and -1.25: the sums 1, -.25, .75, ... reach 0 with five of the first, four of the second."""
    outputs = np.array([[[1.0], [1.0]], [[-1.25], [-1.25]], [[0.9], [3.0]]])
    evaluated = selection.evaluate(METRICS["mean_squared_error"], np.zeros((2, 1), np.float32), None)
    found = selection.greedy(outputs, evaluated, False, most=3, rounds=3)
    assert found.counts.tolist() == [1, 1, 0]
    np.testing.assert_allclose(found.values, [1, 0.125**2])
    found = selection.greedy(outputs, evaluated, False, most=3)
    assert found.counts.tolist() == [5, 4, 0]
    assert found.values[-1] == 0
    assert selection.greedy(outputs, evaluated, False, most=1).counts.tolist() == [1, 0, 0]
    assert selection.equal_counts([0.3, float("nan"), 0.1, 0.1], False, 2).tolist() == [0, 0, 1, 1]
    assert selection.equal_counts([0.3, float("nan"), 0.1, 0.1], True, 1).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(("name", "maximized"), [("categorical_crossentropy", False), ("accuracy", True)])
def test_greedy_against_numpy(name, maximized):
    """Weighted examples; the rule written out in loops."""
    rng = np.random.default_rng(0)
    outputs = rng.dirichlet(np.ones(3), size=(6, 40)).astype(np.float32)
    y, w = rng.integers(3, size=40), rng.uniform(0.5, 2, size=40).astype(np.float32)

    def value(p):
        scores = p.argmax(1) == y if maximized else -np.log(p[np.arange(40), y])
        return float(np.sum(scores * w) / np.sum(w))

    taken, values = [], []
    for _ in range(10):
        trials = [value((outputs[taken].sum(0) + one) / (len(taken) + 1)) for one in outputs]
        allowed = [i for i in range(6) if i in taken or len(set(taken)) < 3]
        best = (max if maximized else min)(allowed, key=lambda i: trials[i])
        taken.append(best)
        values.append(trials[best])
    last = int(np.argmax(values) if maximized else np.argmin(values))
    evaluated = selection.evaluate(METRICS[name], np.eye(3, dtype=np.float32)[y], w)
    found = selection.greedy(outputs, evaluated, maximized, most=3, rounds=10)
    assert found.counts.tolist() == np.bincount(taken[: last + 1], minlength=6).tolist()
    np.testing.assert_allclose(found.values, values[: last + 1], rtol=1e-5)


def test_bags_are_halves_of_the_candidates_whose_weights_are_averaged():
    rng = np.random.default_rng(1)
    outputs, y = rng.normal(size=(5, 30, 1)).astype(np.float32), rng.normal(size=(30, 1)).astype(np.float32)
    evaluated = selection.evaluate(METRICS["mean_squared_error"], y, None)
    for most in (5, 2):
        stream, wanted = np.random.PCG64(0), np.zeros(5)
        for _ in range(20):
            bag = sorted(np.argsort(stream.random_raw(5))[:3])
            counts = selection.greedy(outputs[bag], evaluated, False, most, 20).counts
            wanted[bag] += counts / counts.sum()
        wanted[np.argsort(-wanted)[most:]] = 0
        found = selection.bagged_greedy(outputs, evaluated, False, most)
        np.testing.assert_allclose(found, wanted / wanted.sum())
        assert np.count_nonzero(found) <= most


def mean_of(run, ensemble, x):
    """The mean of the members' own outputs."""
    trials = [i for one in ensemble.members.members for i in one.trials]
    return sum(w * run.outputs(x, i, "best") for w, i in zip(ensemble.weights, trials, strict=True))


@pytest.fixture(scope="module")
def classifier() -> Run:
    """Two architectures, two seeds."""
    return fake_run(CLASSIFIER, MIXED)


@pytest.fixture(scope="module")
def folded() -> Run:
    """Two settings over three folds, whose scalers differ."""
    changes = {"scaling": "standard", "target_scaling": "standard", "widths": (4,), "data.folds": 3, "test": 20}
    return fake_run(replace(REGRESSOR, changes), FOLDED, dataset=table())


def test_it_answers_as_the_mean_of_its_members(classifier):
    x = classifier.data(0).dataset.x[:9]
    ensemble = classifier.ensemble(3, "top")
    assert ensemble.weights.tolist() == [1 / 3] * 3
    np.testing.assert_allclose(ensemble.outputs(x), mean_of(classifier, ensemble, x), atol=1e-6)
    np.testing.assert_allclose(ensemble.predict_proba(x).sum(1), 1, atol=1e-6)
    assert ensemble.predict(x).tolist() == ensemble.outputs(x).argmax(1).tolist()
    again = pickle.loads(pickle.dumps(ensemble))
    np.testing.assert_array_equal(again.outputs(x), ensemble.outputs(x))


def test_members_are_chosen_by_the_loss_on_the_validation_part(classifier):
    """All candidates, their losses and that of the mean, by NumPy."""
    rows = classifier.data(0).validation
    x, y = classifier.data(0).dataset.x[rows], classifier.data(0).dataset.y[rows]
    losses = [-np.log(classifier.outputs(x, i, "best")[np.arange(len(y)), y]).mean() for i in range(4)]
    ensemble = classifier.ensemble(8)
    loss = -np.log(mean_of(classifier, ensemble, x)[np.arange(len(y)), y]).mean()
    found = ensemble.members
    np.testing.assert_allclose(found.single, min(losses), rtol=1e-5)
    np.testing.assert_allclose(found.value, loss, rtol=1e-5)
    assert (found.rivals, found.examples, found.part) == (4, len(y), "validation")
    for one in found.members:
        np.testing.assert_allclose(one.value, losses[one.trials[0]], rtol=1e-5)
    assert classifier.members is found
    [head, *_] = section.build(ReportContext(classifier))["table"]["rows"]
    assert head[1:3] == [str(found.members[0].trials[0]), f"{100 * found.members[0].weight:.1f} %"]


def test_folds_predict_what_they_have_not_seen(folded):
    """A member is a setting's three folds; each example's error is that of the network that was not trained on it."""
    errors = {}
    for trial, spec in enumerate(folded.specs):
        prepared = folded.data(trial)
        z = folded.outputs(prepared.dataset.x[prepared.validation], trial, "best")
        scale = folded.data(folded.chosen().trial).y_scaler
        gaps = (z - prepared.dataset.y[prepared.validation]) * scale.scale
        errors.setdefault(spec.experiment.hyperparameters.learning_rate, []).append(np.square(gaps).mean(1))
    ensemble = folded.ensemble(8, "top")
    assert sorted(map(len, (one.trials for one in ensemble.members.members))) == [3, 3]
    assert ensemble.weights.tolist() == [1 / 6] * 6
    means = sorted(float(np.concatenate(some).mean()) for some in errors.values())
    np.testing.assert_allclose(sorted(one.value for one in ensemble.members.members), means, rtol=1e-5)
    x = folded.data(0).dataset.x[:9]
    np.testing.assert_allclose(ensemble.predict(x), mean_of(folded, ensemble, x), rtol=1e-5, atol=1e-6)
    assert folded.ensemble(8, "seeds").members.members[0].trials == folded.chosen().setting.trials


def test_folds_without_a_test_part_predict_new_data_only(folded, monkeypatch):
    """Each example has trained two of three folds' networks; the test part has trained none."""
    run = fake_run(replace(folded.specs[0].experiment, {"test": 0}), FOLDED, dataset=table())
    monkeypatch.setattr(prediction_tables, "load_run", lambda path, trust: {"a": run, "b": folded}[path])
    with pytest.raises(UserError, match=r"folds and no test part.*name new data with --data=NAME"):
        prediction_tables.open_network("a", ensemble=2).test_inputs()
    np.testing.assert_array_equal(
        prediction_tables.open_network("b", ensemble=2).test_inputs(), table().x[folded.data(0).test]
    )


def test_more_than_the_memory_holds_is_refused_before_it_is_read(classifier, monkeypatch):
    """Two networks of 64-8-10 units and two of 64-4-10, and 4 × 40 × 10 predictions, four times."""
    size = 4 * 4 * (2 * (65 * 8 + 9 * 10) + 2 * (65 * 4 + 5 * 10) + 4 * 40 * 10)
    monkeypatch.setattr(candidates, "free_bytes", lambda: size / candidates.BUDGET - 1)
    monkeypatch.setattr(classifier, "network", None)
    with pytest.raises(UserError, match=r"compares four networks, whose weights take about 29.4 kB .* 25.6 kB"):
        classifier.ensemble(2)
    monkeypatch.setattr(candidates, "free_bytes", lambda: size / candidates.BUDGET)
    with pytest.raises(TypeError, match="'NoneType' object is not callable"):
        classifier.ensemble(2)


def test_files_of_ensembles_answer_alike(classifier, folded, tmp_path):
    """A program for any batch, and the weights of all members, mixed architectures and scalers of their own."""
    for run in (classifier, folded):
        x, ensemble = run.data(0).dataset.x[:7].astype(np.float32), run.ensemble(4, "top")
        ensemble.export(tmp_path / "e.safetensors")
        ensemble.export(tmp_path / "e.jaxexport")
        wanted = ensemble.outputs(x)
        found = files.load(tmp_path / "e.safetensors")
        np.testing.assert_allclose(found.outputs(x), wanted, atol=1e-6)
        function = program.from_bytes((tmp_path / "e.jaxexport").read_bytes(), x.shape[1], wanted.shape[1], "e")
        np.testing.assert_allclose(function(x), wanted, rtol=1e-6, atol=1e-6)
        read = description.read(tmp_path / "e.jaxexport", (tmp_path / "e.jaxexport").read_bytes())
        assert [one.weight for one in read.members] == ensemble.weights.tolist()
    arrays = safetensors.numpy.load_file(tmp_path / "e.safetensors")
    safetensors.numpy.save_file({**arrays, "member_9/kernel": np.zeros(1)}, tmp_path / "e.safetensors")
    beside = tmp_path / "e.safetensors.json"
    beside.write_text(beside.read_text("utf-8").replace('"sha256": "', '"was": "', 1), "utf-8")
    with pytest.raises(UserError, match="an array member_9/kernel, but 6 members"):
        files.load(tmp_path / "e.safetensors")
    with pytest.raises(UserError, match="gives outputs only"):
        found.codes()


def test_members_are_read_back():
    members = ensemble_members.Members(
        "greedy",
        (ensemble_members.Member((3, 4), "rate 0.1", 0.75, 0.5),),
        "accuracy",
        True,
        "out of fold",
        9,
        0.5,
        0.4,
        7,
    )
    assert ensemble_members.from_json(ensemble_members.to_json(members)) == members
    assert str(members) == (
        "one member of two networks by greedy, of seven candidates: validation accuracy 0.5, the best alone 0.4 "
        "(9 examples, out of fold)"
    )


def test_what_cannot_be_averaged_is_left_out_or_refused(classifier):
    other = fake_run(CLASSIFIER, Space(axes={"output_activation": ("softmax", "linear")}))
    assert other.ensemble(8, "top").members.left_out.startswith("one candidate left out: of another output")
    for k, method, words in (
        (0, "top", "k is 0"),
        (True, "top", "k is True"),
        (2, "best", "'greedy', 'top' or 'seeds'"),
    ):
        with pytest.raises(UserError, match=words):
            classifier.ensemble(k, method)
    nothing = fake_run(replace(CLASSIFIER, {"validation": 0}), Space(axes={"seed": (0, 1), "widths": ((4,), (8,))}))
    with pytest.raises(UserError, match="no validation part"):
        nothing.ensemble()
    seeds = fake_run(replace(CLASSIFIER, {"validation": 0}), Space(axes={"seed": (0, 1, 2)}))
    assert len(seeds.ensemble(2, "seeds").networks) == 2
    with pytest.raises(UserError, match="no probabilities"):
        fake_run(AUTOENCODER, Space(axes={"seed": (0, 1)})).ensemble(2, "top").predict_proba(seeds.data().dataset.x[:2])
