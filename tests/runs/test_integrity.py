"""Run folders edited by hand: what contradicts itself is refused; what was written is not."""

import dataclasses
import json

import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.types import Scaler
from nnjax.data import prepare_loaded
from nnjax.models.envelope_json import envelopes_from_json
from nnjax.runs import integrity
from nnjax.train.host import checkpoint
from nnjax.train.storage.records import Stage

FACTS = prepare_loaded(blobs(), CLASSIFIER.data).facts()
SCALER = Scaler(np.zeros(3, np.float32), np.ones(3, np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_inputs": -1}, "not whole numbers"),
        ({"num_inputs": True}, "not whole numbers"),
        ({"sizes": (1, 2)}, "not whole numbers"),
        ({"classes": (1, 2)}, "not texts"),
        ({"task": "guessing"}, "task is 'guessing'"),
        ({"x_scaler": SCALER}, r"x_scaler has the shape \(3,\)"),
        ({"y_scaler": Scaler(np.array(np.nan), np.array(1.0))}, "y_scaler is not finite"),
        ({"x_scaler": Scaler(np.array(1), np.array(1))}, "type int64"),
        ({"image_shape": (2, 2, 1)}, "image_shape"),
        ({"features": ("a",)}, "features do not go with 4 inputs"),
        ({"shape": (3, 3)}, "shape do not go with 4 inputs"),
    ],
)
def test_facts(changes, message):
    integrity.check_facts(FACTS)
    with pytest.raises(ValueError, match=message):
        integrity.check_facts(dataclasses.replace(FACTS, **changes))


@pytest.mark.parametrize("parents", [[0], [None, 2, None], [None, -1], [None, "0"], [1, 0], [None, True]])
def test_parents(parents):
    integrity.check_parents([None, 0, 0, 1])
    with pytest.raises(ValueError, match="which is no trial before it"):
        integrity.check_parents(parents)


@pytest.mark.parametrize(
    "second",
    [
        [Stage(5, 0, {})],  # does not begin at 0
        [Stage(0, None, {}), Stage(5, 7, {})],  # no such trial
        [Stage(0, None, {}), Stage(5, 0, {})],  # a loop: 0 goes on from 1 at the same epoch
        [Stage(0, None, {}), Stage(9, 0, {}), Stage(4, 0, {})],
        [],
    ],
)
def test_schedules(second):
    first = [Stage(0, None, {}), Stage(5, 1, {})]
    integrity.check_schedules([first, [Stage(0, None, {}), Stage(9, 0, {})]])
    with pytest.raises(ValueError, match="trial"):
        integrity.check_schedules([first, second])


@pytest.mark.parametrize(
    "changes",
    [
        {"lanes": 0},
        {"devices": -1},
        {"lanes": "4"},
        {"order": "none"},
        {"order": "auto"},
        {"measured": [[0, 1.0]]},
        {"fixed": 3},
    ],
)
def test_plans(changes):
    plan = {"devices": 1, "lanes": 4, "order": "own", "fixed": False, "measured": [[4, 0.1]], "trials": [0, 1]}
    assert integrity.check_plan(plan) == plan
    with pytest.raises(ValueError, match="of a plan"):
        integrity.check_plan(plan | changes)


ENVELOPE = {
    "widths": [6, 4],
    "passed": [6, 4],
    "depths": [1, 2],
    "activations": ["relu", "tanh"],
    "kernel_inits": ["glorot_uniform"],
    "optimizers": [["adam", "optax"]],
    "schedules": ["constant"],
    "hyperparameters": ["learning_rate", "b1", "b2", "epsilon", "dropout"],
    "optional": ["dropout"],
    "batch_sizes": [],
}


@pytest.mark.parametrize(
    "changes",
    [
        {"widths": [0, 4]},
        {"widths": [True, 4]},
        {"widths": [6.0, 4]},
        {"widths": [6]},
        {"widths": []},
        {"widths": [2**24, 4]},
        {"widths": 5},
        {"passed": [5, 4]},
        {"passed": [6]},
        {"passed": [6, "4"]},
        {"depths": [1, 1, 2]},
        {"depths": []},
        {"depths": ["1", 2]},
        {"activations": ["relu", "softmax"]},
        {"activations": []},
        {"activations": "relu"},
        {"kernel_inits": [None]},
        {"optimizers": [["adam", "keras9"]]},
        {"optimizers": ["adam"]},
        {"optimizers": [["adam", ["optax"]]]},
        {"schedules": [{}]},
        {"hyperparameters": ["learning_rate", "others"]},
        {"optional": ["l2"]},
        {"batch_sizes": [8, 12]},
        {"batch_sizes": [8, 8]},
        {"batch_sizes": [0, 8]},
        {"batch_sizes": 8},
    ],
)
def test_envelopes(changes):
    [envelope] = envelopes_from_json([ENVELOPE, None])
    assert json.loads(json.dumps(dataclasses.asdict(envelope))) == ENVELOPE
    older = {name: value for name, value in ENVELOPE.items() if name not in ("batch_sizes", "passed")}
    assert envelopes_from_json([older]) == [envelope]
    for damaged in (ENVELOPE | changes, {}, [], "relu", 3, True):
        with pytest.raises(UserError, match=r"An envelope in environment.json is damaged \(.*\): bring"):
            envelopes_from_json([damaged])


@pytest.mark.parametrize("price", [[2, 0.5], [2, 0.5, "much"], [2, 0.5, -1.0], {"kinds": 2}, 3])
def test_prices(price):
    assert integrity.check_plan({"price": [2, 0.5, 4.0]})["price"] == [2, 0.5, 4.0]
    with pytest.raises((ValueError, TypeError)):
        integrity.check_plan({"price": price})


@pytest.mark.parametrize("array", [np.zeros((2, 3, 1)), np.zeros((1, 3)), np.zeros((2, 3), complex), np.zeros(2)])
def test_curves(array):
    integrity.check_curves({"loss": np.zeros((2, 3))}, 2)
    with pytest.raises(ValueError, match="'loss' has the shape"):
        integrity.check_curves({"loss": array}, 2)


RECORD = {"epochs": 1, "values": {}, "status": "running", "seconds": 0.5}
NOTE = {"trials": {"0": RECORD}, "lane_batches": [{"trials": [0], "step": 4, "until": 8}], "lanes": 1, "devices": 1}
ARRAYS = {"state/step": np.zeros(1), "curves/0/loss": np.zeros(1)}


@pytest.mark.parametrize(
    ("arrays", "note"),
    [
        (ARRAYS, {name: value for name, value in NOTE.items() if name != "trials"}),
        (ARRAYS, NOTE | {"lanes": 0}),
        (ARRAYS, NOTE | {"trials": {"7": RECORD}}),
        (ARRAYS, NOTE | {"trials": {"0": RECORD | {"epochs": -1}}}),
        (ARRAYS, NOTE | {"lane_batches": []}),
        (ARRAYS, NOTE | {"lane_batches": 3}),
        ({}, NOTE),
        ({**ARRAYS, "curves/0/loss": np.zeros((1, 2))}, NOTE),
    ],
)
def test_checkpoints(arrays, note):
    assert checkpoint.sound((ARRAYS, NOTE), 1) == (ARRAYS, NOTE)
    with pytest.warns(UserWarning, match="A checkpoint is damaged .* The trials in it begin again"):
        assert checkpoint.sound((arrays, note), 1) == checkpoint.MISSING


def test_a_folder_whose_files_disagree_or_name_what_is_unknown(tmp_path):
    nnjax.sweep(CLASSIFIER, workdir=tmp_path, data=blobs())
    texts = {name: (tmp_path / name).read_text("utf-8") for name in ("config.json", "data.json")}

    def edited(name, change, message):
        tree = json.loads(texts[name])
        change(tree)
        (tmp_path / name).write_text(json.dumps(tree), "utf-8")
        with pytest.raises(UserError, match=message) as caught:
            nnjax.load(tmp_path)
        assert "\n" not in str(caught.value)
        (tmp_path / name).write_text(texts[name], "utf-8")

    edited("data.json", lambda t: t["data"][0]["config"].update(limit=7), r"does not describe the data of trial 0")
    edited("data.json", lambda t: t["data"][0]["config"].update(limit="x"), r"data.limit is 'x'")
    edited("config.json", lambda t: t["experiment"].update(loss="mse?"), r"loss is 'mse\?', which is unknown")
    edited("config.json", lambda t: t["experiment"]["model"].update(activation="done"), r"activation is 'done'")
    edited("config.json", lambda t: t["trials"][0].update(start_from=0), r"starts from 0, which is no trial before it")
    edited("config.json", lambda t: t["trials"][0].update(arm=3), r"names of its arms are not texts")
    nnjax.load(tmp_path)


def test_the_lanes_of_a_trial_are_known_as_soon_as_it_has_ended(tmp_path):
    """A kill before the end of the session must not change the program that evaluates the test part."""
    run = nnjax.sweep(CLASSIFIER, {"seed": (0, 1, 2)}, workdir=tmp_path, data=blobs())
    lanes = [(record.lanes, record.devices) for record in run.records]
    tree = json.loads((tmp_path / "environment.json").read_text("utf-8"))
    assert all(lanes[0])
    blank = {name: [0] * 3 for name in ("trial_seconds", "trial_lanes", "trial_devices")}
    (tmp_path / "environment.json").write_text(json.dumps(tree | blank), "utf-8")
    run.store.save_records(run.specs, run.records)  # as at a checkpoint
    assert [(record.lanes, record.devices) for record in run.store.read_records(run.specs)] == lanes
    assert json.loads((tmp_path / "environment.json").read_text("utf-8"))["plan"] == tree["plan"]
