"""Tables from the file to the prediction: float64 where it matters, in the run, its folder and its exports."""

import numpy as np
import pandas as pd
import pytest

import nnjax
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import new_rows, prepare_loaded
from nnjax.data.in_memory import as_dataset
from nnjax.exchange.prediction_tables import inputs_of, open_network, write_predictions
from nnjax.runs.data_json import facts_from_json, facts_to_json

N = np.arange(300)
SCALED = {"scaling": "standard", "target_scaling": "standard", "task": "regression"}


def linear(**data):
    return Experiment(
        data=DataConfig(**{**SCALED, **data}),
        model=ModelConfig("mlp", (), output_activation="linear"),
        hyperparameters=Hyperparameters(learning_rate=0.05),
        loss="mean_squared_error",
        epochs=60,
        batch_size=32,
    )


@pytest.mark.parametrize(("t", "y"), [(1_700_000_000 + N, N + 0.5), (N, 1_700_000_000 + N + 0.5)])
def test_times_in_seconds_are_learned_predicted_and_exported(tmp_path, t, y):
    """A line is learned exactly: within 1e-3 of targets that float32 would hold to the nearest 64 only."""
    frame = pd.DataFrame({"t": t, "y": y})
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = nnjax.sweep(linear(name=f"csv:{tmp_path / 't.csv'}"), workdir=tmp_path / "run")
    assert run.records[0].values["test_loss"] < 1e-5
    for found in (run, nnjax.load(tmp_path / "run")):
        np.testing.assert_allclose(np.ravel(found.predict(frame[["t"]])), y, atol=1e-2, rtol=0)
    for name in ("net.jaxexport", "net.safetensors"):
        run.export(tmp_path / name)
        opened = open_network(str(tmp_path / name))
        write_predictions(opened, inputs_of(opened, f"csv:{tmp_path / 't.csv'}", None, None), str(tmp_path / "p.csv"))
        np.testing.assert_allclose(pd.read_csv(tmp_path / "p.csv").iloc[:, 0], y, atol=1e-2, rtol=0)


def test_a_frame_with_all_kinds_of_columns_trains_and_predicts_by_its_recipe(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"k{i}" for i in range(300)],
            "price": [f"${v:,.2f}" for v in rng.uniform(500, 5000, 300)],
            "color": rng.choice(["red", "green", "blue"], 300),
            "size": rng.choice(["S", "M", "L"], 300),
            "x": np.where(rng.uniform(size=300) < 0.2, np.nan, rng.normal(size=300)),
            "y": rng.normal(size=300),
        }
    )
    data = {"drop": ("id",), "ordinal": ("size:S<M<L",), "missing": "indicator", "name": "frame"}
    run = nnjax.sweep(linear(**data), data=frame, target="y", workdir=tmp_path / "run")
    inputs = ("price", "color=blue", "color=green", "color=red", "size", "x", "x is missing")
    assert run.facts().features == inputs
    loaded = nnjax.load(tmp_path / "run")
    assert loaded.facts().recipe == run.facts().recipe
    new = frame.sample(20, random_state=0)[["x", "size", "color", "price"]]
    expected = run.predict(run.data().dataset.x[new.index.to_numpy()])
    np.testing.assert_allclose(loaded.predict(new), expected, rtol=1e-5)
    assert ("id", "left out by data.drop") in loaded.facts().recipe.left_out
    again = nnjax.load(tmp_path / "run", data=frame)
    np.testing.assert_array_equal(again.data().dataset.x, run.data().dataset.x)


@pytest.mark.slow
def test_folds_of_groups_of_unequal_sizes_train(tmp_path):
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(12), rng.integers(5, 40, 12))
    frame = pd.DataFrame({"p": patients, "x": rng.normal(size=len(patients)), "y": rng.normal(size=len(patients))})
    experiment = linear(groups="p", folds=3, test=0.2)
    run = nnjax.sweep(experiment, {"data.fold": range(3)}, data=frame, target="y")
    assert len({len(run.data(i).validation) for i in range(3)}) > 1
    held = [set(patients[run.data(i).validation]) for i in range(3)]
    assert sum(map(len, held)) == len(set.union(*held))
    assert all(np.isfinite(record.values["val_loss"]) for record in run.records)


def test_a_folder_whose_categories_were_one_number_each_is_read():
    """As data.json was before recipes: a column of texts is its place in the sorted texts."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=60), "y": rng.normal(size=60)})
    facts = prepare_loaded(as_dataset(frame), DataConfig()).facts()
    tree = facts_to_json(facts) | {"categories": {"c": ["blue", "red"]}, "features": ["x", "c"], "num_inputs": 2}
    del tree["recipe"]
    old = facts_from_json(tree)
    found = new_rows.from_frame(old, pd.DataFrame({"c": ["red", "blue"], "x": [0.5, 1.5]}))
    np.testing.assert_array_equal(found, [[0.5, 1], [1.5, 0]])
