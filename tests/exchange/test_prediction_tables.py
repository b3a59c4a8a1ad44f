"""Predictions: whose inputs, in which order of columns, and as which tables."""

import numpy as np
import pandas as pd
import pytest
from fake_runs import CLASSIFIER, REGRESSOR, digits, fake_run, table

from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.data import from_arrays, load
from nnjax.exchange.files import predictor
from nnjax.exchange.prediction_tables import (
    held_out_inputs,
    inputs_for,
    inputs_of,
    kept_columns,
    predictions_of,
    write_predictions,
)
from nnjax.spaces.space import Space

TABLE = pd.DataFrame(
    {
        "age": np.arange(24.0) + 20,
        "color": ["red", "green", "blue"] * 8,
        "weight": np.linspace(50, 80, 24),
        "price": np.arange(24.0) ** 2 / 10 + 0.05,
    }
)


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """A regression on a table with a column of texts, its targets standardized; drawn weights."""
    path = tmp_path_factory.mktemp("table") / "houses.csv"
    TABLE.to_csv(path, index=False)
    changes = {"data.name": f"csv:{path}", "scaling": "standard", "target_scaling": "standard", "widths": (4,)}
    space = Space({"seed": (0, 1)})
    return fake_run(replace(REGRESSOR, {**changes, "validation": 4, "test": 4}), space, load(changes["data.name"]))


def network_of(run, trial=0):
    return predictor(f"trial {trial}", run.network(trial))


def test_its_own_test_part_by_default(houses):
    data = houses.data()
    np.testing.assert_array_equal(held_out_inputs(houses, 0), data.dataset.x[data.test])


def test_columns_are_taken_by_name_and_categories_keep_their_codes(houses, tmp_path):
    """Other order, no target, a column more, and only two of the three colors, which sort otherwise."""
    rows = TABLE.iloc[[0, 1, 3, 4, 6]]
    rows[["weight", "color", "age"]].assign(garden=1.0).to_csv(tmp_path / "new.csv", index=False)
    x = inputs_for(houses.facts(), f"csv:{tmp_path / 'new.csv'}", None, None)
    blue, green, red = 1, 2, 3  # the sorted texts of the training table
    np.testing.assert_allclose(x[:, 0], rows.age)
    assert x[:, 1:4].argmax(axis=1).tolist() == [place - 1 for place in (red, green, red, green, red)]
    np.testing.assert_allclose(x[:, 4], rows.weight, rtol=1e-6)
    everything = inputs_for(houses.facts(), houses.facts().name, None, None)
    np.testing.assert_array_equal(everything.astype(np.float32), houses.data().dataset.x)
    assert everything[2, blue] == 1
    np.testing.assert_array_equal(houses.predict(TABLE), houses.predict(houses.data().dataset.x))


def test_a_few_rows_may_each_have_another_category(houses, tmp_path):
    TABLE.head(3).to_csv(tmp_path / "new.csv", index=False)
    found = inputs_for(houses.facts(), f"csv:{tmp_path / 'new.csv'}", None, None)
    np.testing.assert_array_equal(found[:, 1:4], np.eye(3)[::-1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda t: t.drop(columns="age"),
            "has no column 'age', which the network reads .it reads age, color, weight.; .* is color, weight, price",
        ),
        (
            lambda t: t.replace("red", "pink"),
            "'color' of .* holds 'pink' in line 2, but the network knows blue, green, red",
        ),
        (lambda t: t.assign(color=1.0), "'color' of .* holds '1.0' in line 2, but the network knows blue"),
        (
            lambda t: t.assign(age=["old", "young"] * 12),
            "'age' of .* holds 'old' in line 2, but numbers .decimal points. were expected",
        ),
    ],
)
def test_tables_that_do_not_fit(houses, tmp_path, change, words):
    change(TABLE).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(UserError, match=words):
        inputs_for(houses.facts(), f"csv:{tmp_path / 'new.csv'}", None, None)


def test_other_sources_must_have_the_same_inputs(houses):
    with pytest.raises(UserError, match="two_spirals has 2 inputs, but the network was trained on 5"):
        inputs_for(houses.facts(), "two_spirals", None, None)
    with pytest.raises(UserError, match="parity:5 has an input 'x1' where the network was trained on 'age'"):
        inputs_for(houses.facts(), "parity:5", None, None)


def test_outputs_of_a_regression_are_in_the_targets_own_units(houses):
    x = houses.data().dataset.x
    params = houses.params(1)
    facts = houses.facts()
    scaled = (x - facts.x_scaler.mean) * facts.x_scaler.scale
    hidden = np.maximum(scaled @ params["layer_0"]["kernel"] + params["layer_0"]["bias"], 0)
    output = hidden @ params["layer_1"]["kernel"] + params["layer_1"]["bias"]
    price = TABLE.price.to_numpy()[houses.data().train]
    expected = output * price.std() + price.mean()
    found = predictions_of(network_of(houses, 1), x).columns()
    assert list(found) == ["price"]
    np.testing.assert_allclose(found["price"], expected[:, 0], rtol=1e-4)
    assert houses.predict(x, 1).shape == (24,)  # so that nothing is broadcast against y [24]
    np.testing.assert_allclose(houses.predict(x, 1), expected[:, 0], rtol=1e-4)
    with pytest.raises(UserError, match=r"no probabilities of classes: take run\.predict"):
        houses.predict_proba(x, 1)


def test_columns_of_the_new_table_are_kept_as_they_stand(houses, tmp_path):
    """A number with leading zeros, a formula, and the target itself, beside which the prediction stands."""
    new = TABLE.assign(id=[f"{i:05d}" for i in range(24)], note=["=1+1"] * 24)
    new.to_csv(tmp_path / "new.csv", index=False)
    network, name = network_of(houses, 1), f"csv:{tmp_path / 'new.csv'}"
    x = inputs_of(network, name, None, None)
    kept = kept_columns(network, name, None, ["id", "price", "note"])
    write_predictions(network, x, str(tmp_path / "out.csv"), kept=kept)
    written = pd.read_csv(tmp_path / "out.csv", dtype={"id": str})
    assert list(written.columns) == ["id", "price", "note", "price (predicted)"]
    assert written.id.tolist() == new.id.tolist()
    np.testing.assert_allclose(written.price, TABLE.price)
    assert set(written.note) == {"'=1+1"}
    np.testing.assert_allclose(written["price (predicted)"], houses.predict(x, 1), rtol=1e-5)
    write_predictions(network, x, str(tmp_path / "out.npz"), kept=kept)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        assert file["kept/id"].tolist() == new.id.tolist()
        assert (file["output"].shape, file["names"].tolist()) == ((24, 1), ["price"])
    with pytest.raises(UserError, match="has no column 'ident' to keep; its columns are age, color"):
        kept_columns(network, name, None, ["ident"])
    for other in (None, "two_spirals"):
        with pytest.raises(UserError, match="--keep copies columns of a new table: name one with --data"):
            kept_columns(network, other, None, ["id"])


def test_classes_of_two_and_of_one_output(tmp_path):
    data = table("classification", 40)
    sigmoid = {"output_activation": "sigmoid", "loss": "binary_crossentropy", "widths": ()}
    run = fake_run(replace(CLASSIFIER, {**sigmoid, "validation": 5, "test": 5}), dataset=data)
    columns, output = predictions_of(network_of(run), data.x).columns(), run.outputs(data.x, 0)[:, 0]
    assert columns["class"].tolist() == ["yes" if p > 0.5 else "no" for p in output]
    np.testing.assert_allclose(columns["p(yes)"], output, rtol=1e-6)
    np.testing.assert_allclose(columns["p(no)"], 1 - output, rtol=1e-5)
    assert run.predict(data.x, 0).tolist() == columns["class"].tolist()
    np.testing.assert_allclose(run.predict_proba(data.x, 0), np.stack([1 - output, output], axis=1), rtol=1e-5)
    write_predictions(network_of(run), data.x, str(tmp_path / "out.csv"))
    written = pd.read_csv(tmp_path / "out.csv")
    assert list(written.columns) == ["class", "p(no)", "p(yes)"]
    assert written["class"].tolist() == columns["class"].tolist()
    with pytest.raises(UserError, match=r"'out.txt' ends in '.txt'"):
        write_predictions(network_of(run), data.x, "out.txt")


@pytest.mark.slow
def test_published_lenet_gives_the_nearest_drawing_and_its_distance(tmp_path):
    """Outputs are the negative distances; the smallest distance is the class."""
    published = {
        "kind": "lenet5",
        "widths": (6, 16, 120, 84),
        "model.activation": "squash",
        "kernel_init": "lecun_1998",
        "output_activation": "linear",
        "loss": "rbf_map",
    }
    x = np.random.default_rng(0).integers(256, size=(40, 784)).astype(np.uint8)
    data = from_arrays(x, np.arange(40) % 10, classes=tuple("abcdefghij"), image_shape=(28, 28))
    run = fake_run(replace(CLASSIFIER, {**published, "validation": 10, "test": 10}), dataset=data)
    write_predictions(network_of(run), x[:7], str(tmp_path / "out.csv"))
    written = pd.read_csv(tmp_path / "out.csv")
    distances = written[[f"distance({name})" for name in "abcdefghij"]].to_numpy()
    assert (distances >= 0).all()
    np.testing.assert_allclose(distances, -run.outputs(x[:7], 0), rtol=1e-5)
    assert written["class"].tolist() == ["abcdefghij"[k] for k in distances.argmin(axis=1)]
    assert network_of(run).codes()(x[:7].astype(np.float32)).shape == (7, 84)


def test_codes_are_the_narrowest_layer_of_an_autoencoder(tmp_path):
    run = fake_run()
    x = run.data().dataset.x[:7]
    write_predictions(network_of(run), x, str(tmp_path / "codes.npz"), encode=True)
    with np.load(tmp_path / "codes.npz") as file:
        assert list(file) == ["code"]
        assert file["code"].shape == (7, 4)
    assert predictions_of(network_of(run), x).columns().keys() == {f"output_{i}" for i in range(64)}
    assert run.predict(x).shape == (7, 64)


def test_whole_numbers_are_predicted_as_such_and_other_names_as_texts():
    """y == run.predict(x) compares what was given."""
    numbers = fake_run(CLASSIFIER)
    assert numbers.predict(np.zeros((2, 64))).dtype == np.int64
    names = fake_run(CLASSIFIER, dataset=digits(("01", *"123456789")))
    assert set(names.predict(np.zeros((2, 64))).tolist()) <= {"01", *"123456789"}


def test_outputs_that_are_no_probabilities_are_not_called_so():
    run = fake_run(replace(CLASSIFIER, {"output_activation": "linear", "allow_mismatch": True}))
    columns = predictions_of(network_of(run), np.zeros((2, 64), np.float32)).columns()
    assert list(columns)[:3] == ["class", "output(0)", "output(1)"]


def test_which_trial(houses):
    assert houses.resolve(1) == (1, "final")
    best = int(np.argmin([record.values["best_val_loss"] for record in houses.records]))
    assert houses.resolve() == (best, "best")
    for trial in (-1, 2):
        with pytest.raises(UserError, match=f"There is no trial {trial}; the run has trials 0 to 1"):
            houses.resolve(trial)


def test_a_network_that_scales_by_itself_is_not_scaled_twice(houses):
    with pytest.raises(UserError, match="trial 1 scales its inputs itself, as in training; leave out --unit"):
        inputs_of(network_of(houses, 1), "two_spirals", None, None, unit=True)
    with pytest.raises(UserError, match="trial 0 has no data of its own; name data with --data=NAME"):
        inputs_of(network_of(houses), None, None, None)
