"""Sweeps over architectures: what is merged, at what price, and that runs in envelopes are runs like any other."""

import itertools
import json

import jax
import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, blobs, specs_of

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.models.envelope import envelope_of
from nnjax.models.envelope_json import envelope_from_json
from nnjax.train.host.population import Stopped
from nnjax.train.layout.hardware_prices import AROUND, FILE, Prices, read_prices, step_seconds
from nnjax.train.layout.merging import bundle
from nnjax.train.layout.plan import Plan, from_json
from nnjax.verify.retraining import retrial

AXES = {"widths": [(4,), (6, 3)], "activation": ["relu", "tanh"], "clip_norm": [None, 0.5], "batch_size": [8, 24]}
CHEAP = Prices(product=1e-10, number=1e-9, compiling=2.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("mixed") / "run"
    return path, nnjax.sweep(CLASSIFIER, AXES, workdir=path, data=blobs())


def test_one_program_trains_all_of_them_and_the_run_folder_says_how(folder):
    path, run = folder
    environment = json.loads((path / "environment.json").read_text("utf-8"))
    assert environment["programs"] == 1
    [plan] = environment["plan"]
    envelope = envelope_from_json(plan["envelope"])
    assert envelope.widths == (6, 3)
    assert envelope.passed == (6, 4)  # (4,) passes its four units on at the second place
    assert (plan["trials"], from_json(plan).envelope) == (list(range(16)), envelope)
    assert envelope.batch_sizes == (8, 24)
    for trial, spec in enumerate(run.specs):
        sizes = (4, *spec.experiment.model.widths, 3)
        kernels = [layer["kernel"].shape for _, layer in sorted(run.params(trial).items())]
        assert kernels == list(itertools.pairwise(sizes))


@pytest.mark.slow
def test_each_trains_as_it_does_alone(folder):
    _, run = folder
    for trial in (0, 7, 13):
        spec = run.specs[trial]
        alone = nnjax.sweep(spec.experiment, {}, data=blobs(), plan=Plan(1, 1, 1))
        for name, curve in alone.curves().items():
            np.testing.assert_allclose(run.curves()[name][trial], curve[0], rtol=1e-5, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(run.predict_proba(blobs().x, trial), alone.predict_proba(blobs().x), rtol=1e-4)


def test_it_is_certified_and_each_trial_can_be_trained_again(folder):
    path, run = folder
    certificate = run.certify()
    assert certificate.passed
    assert certificate.bitwise
    again = retrial(path, 5)
    assert again.plan.envelope is not None
    alone = nnjax.sweep(again.experiment, {}, data=blobs(), plan=again.plan)
    for name, curve in alone.curves().items():
        np.testing.assert_array_equal(curve[0], run.curves()[name][5], err_msg=name)


def test_resuming_is_bit_for_bit_whatever_the_prices_are_by_then(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 5)
    with pytest.raises(Stopped):
        nnjax.sweep(CLASSIFIER, AXES, workdir=tmp_path / "run", data=blobs(), should_stop=StopAfter(2))
    monkeypatch.setattr("nnjax.train.layout.merging.read_prices", lambda: Prices(compiling=1e-9))
    resumed = nnjax.sweep(CLASSIFIER, AXES, workdir=tmp_path / "run", data=blobs())
    for name, curve in folder[1].curves().items():
        np.testing.assert_array_equal(resumed.curves()[name], curve, err_msg=name)


@pytest.mark.slow
def test_a_trial_starts_from_one_of_its_envelope():
    arms = {
        "first": nnjax.Arm({"widths": (4,)}),
        "other": nnjax.Arm({"widths": (6,)}),
        "second": nnjax.Arm({"widths": (4,)}, start_from="first"),
    }
    run = nnjax.sweep(replace(CLASSIFIER, {"epochs": 2}), nnjax.Space(arms=arms), data=blobs())
    losses = run.curves()["train_loss"]
    assert losses[2, 0] < losses[0, 1] < losses[0, 0]


def test_nothing_is_merged_that_was_not_to_be(folder):
    specs = specs_of(CLASSIFIER, AXES)
    assert len(bundle(specs, Plan(merge=False), 2, sizes)) == 16
    assert len(bundle(specs, Plan(lanes=1), 2, sizes)) == 16
    assert len(bundle(specs, Plan(fixed=True), 2, sizes)) == 16


def sizes(key):
    return 4, 3, 5 * key.batch_size


@pytest.fixture
def prices(monkeypatch):
    """Let the machine have some prices, and say how many programs the trials of a space are."""

    def parts(given, axes, *, of=lambda key: (64, 10, 50 * key.batch_size), base=CLASSIFIER):
        monkeypatch.setattr("nnjax.train.layout.merging.read_prices", lambda: given)
        return bundle(specs_of(base, axes), Plan(), 2, of)

    return parts


def test_what_is_merged_by_the_price_of_compiling(prices):
    axes = {"widths": [(8,), (64, 64, 64)], "seed": range(4), "epochs": [40]}
    assert [one.envelope is None for one in prices(CHEAP, axes)] == [False]
    few, many = prices(CHEAP._replace(compiling=0.01), axes)
    assert (few.envelope, many.envelope) == (None, None)


def test_large_networks_are_not_padded_for_a_second_of_compiling(prices):
    axes = {"widths": [(32,), (300, 100), (400, 200)], "epochs": [20], "seed": range(2)}
    found = prices(CHEAP, axes, of=lambda key: (784, 10, 469 * key.batch_size))
    assert [one.envelope for one in found] == [None] * 3


def test_a_few_buckets_beat_one_big_envelope_where_depths_differ(prices):
    axes = {"widths": [(16,), (24,), (128,) * 4, (120,) * 4], "seed": range(8), "epochs": [30]}
    found = prices(CHEAP, axes)
    assert [one.envelope.widths for one in found] == [(24,), (128,) * 4]


def test_a_step_by_hand():
    """d = 2, widths (3,), k = 1, b = 4: 13 weights, 3 · 4 · 13 products; 4 · 3 units · 8 and 13 · (4 + 1) numbers."""
    [one] = bundle(specs_of(replace(CLASSIFIER, {"optimizer.name": "sgd", "widths": (3,)})), Plan(), 1, sizes)
    assert step_seconds(Prices(1.0, 0.0, 0.0), envelope_of([one.key]), 2, 1, 4) == AROUND * 156
    assert step_seconds(Prices(0.0, 1.0, 0.0), envelope_of([one.key]), 2, 1, 4) == AROUND * (96 + 65)


def test_a_step_where_batches_are_gathered_by_hand():
    """As above, and two more numbers a weight: the sums of gradients are read and written."""
    axes = {"batch_size": [4, 8]}
    specs = specs_of(replace(CLASSIFIER, {"optimizer.name": "sgd", "widths": (3,)}), axes)
    envelope = envelope_of([spec.experiment for spec in specs])
    assert step_seconds(Prices(0.0, 1.0, 0.0), envelope, 2, 1, 4) == AROUND * (96 + 65 + 26)


@pytest.mark.parametrize(
    ("axes", "programs"),
    [
        ({"batch_size": [8, 16, 32]}, 1),
        ({"batch_size": [8, 12]}, 2),  # 12 is not several batches of 8
        ({"batch_size": [8, 12, 24]}, 2),  # 24 with one of them
        ({"batch_size": [8, 16], "dropout": [None, 0.2]}, 1),
        ({"batch_size": [8, 16], "data.window": [16]}, 2),  # a window is a number of whole batches
    ],
)
def test_which_batch_sizes_share_a_program(prices, axes, programs):
    assert len(prices(CHEAP, axes)) == programs


def test_many_architectures_are_sorted_in_a_moment(prices):
    widths = [(4 + i % 17, 4 + i // 17) for i in range(300)]
    found = prices(CHEAP, {"widths": widths, "epochs": [20]})
    assert sum(len(one.specs) for one in found) == 300
    assert len(found) < 8
    assert all(one.envelope.holds(spec.experiment) for one in found for spec in one.specs)


def test_of_many_architectures_none_is_padded_to_a_hundred_times_its_size(prices):
    """40 networks of 2,000 + i and 4 units, or 4 and about 1,150, cost alike; one envelope of two has 2,000 · 1,150."""
    widths = [shape for i in range(20) for shape in ((2000 + i, 4), (4, 1146 + i))]
    found = prices(CHEAP, {"widths": widths, "epochs": [20]}, of=lambda key: (4, 10, 469 * key.batch_size))
    assert sorted(one.envelope.widths for one in found) == [(4, 1165), (2019, 4)]


def test_prices_are_measured_once_and_kept(tmp_path, monkeypatch):
    before = jax.config.values["jax_compilation_cache_dir"]
    try:
        jax.config.update("jax_compilation_cache_dir", str(tmp_path))
        first = read_prices()
        assert all(0 < value < 100 for value in first)
        monkeypatch.setattr("nnjax.train.layout.hardware_prices.measure_prices", Prices)
        assert read_prices() == first != Prices()
        (tmp_path / FILE).write_text("[1, 2", "utf-8")
        assert read_prices() == Prices()
        assert json.loads((tmp_path / FILE).read_text("utf-8")) == Prices()._asdict()
        jax.config.update("jax_compilation_cache_dir", None)
        assert read_prices() == Prices()
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


@pytest.mark.parametrize("widths", [(0,), (10**6, 10**6)])
def test_widths_that_no_machine_has(widths):
    with pytest.raises(UserError, match="widths"):
        nnjax.sweep(CLASSIFIER, {"widths": [(4,), widths]}, data=blobs())


def test_something_else_for_an_envelope():
    with pytest.raises(UserError, match=r"Plan\.envelope is 3, but an Envelope or None was expected"):
        Plan(envelope=3)
