"""Scores of the chosen network: scikit-learn's on its predictions, Wilson's interval and standard errors by hand."""

import numpy as np
import pytest
import sklearn.metrics as sk
from browser import CHROMIUM
from fake_runs import fake_run

import nnjax
from nnjax.cli.printing import summary_table
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from nnjax.core.hyperparameters import Hyperparameters
from nnjax.data import from_arrays
from nnjax.data.baselines import Baselines
from nnjax.exchange.predictions import Predictions
from nnjax.report import goal_summary
from nnjax.report.chosen_scores import chosen_scores, regression_scores
from nnjax.report.page import write_report
from nnjax.runs.choice import choices

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 4)).astype(np.float32)
RARE = (X[:, 0] + 0.5 * RNG.normal(size=600) > 1.5).astype(np.int32)  # about a tenth
PRICE = (1000 * (X @ [3.0, 2.0, 1.0, 0.0]) + 5000 + 300 * RNG.normal(size=600)).astype(np.float32)
PARTS = {"validation": 0.25, "test": 0.25, "scaling": "standard"}


def swept(output, loss, data, **changes):
    base = Experiment(
        DataConfig(**PARTS, **changes),
        ModelConfig(widths=(8,), output_activation=output),
        hyperparameters=Hyperparameters(learning_rate=0.01),
        loss=loss,
        epochs=20,
        batch_size=32,
    )
    return nnjax.sweep(base, {"learning_rate": (0.01, 0.0001), "seed": (0, 1)}, data=data)


@pytest.fixture(scope="module")
def rare():
    return swept("sigmoid", "binary_crossentropy", from_arrays(X, RARE, classes=("common", "rare")))


@pytest.fixture(scope="module")
def price():
    data = from_arrays(X, PRICE, targets=("price",))
    return swept("linear", "mean_squared_error", data, target_scaling="standard")


def test_of_a_rare_class_as_scikit_learn_has_it(rare):
    [found] = chosen_scores(rare)
    rows = rare.data().test
    y, p = RARE[rows], rare.predict_proba(X[rows])[:, 1]
    answered = (p > 0.5).astype(int)
    assert (rare.predict(X[rows]) == np.array(["common", "rare"])[answered]).all()
    assert (found.trial, found.part, found.examples) == (rare.best_trial(), "test", 150)
    expected = {
        "balanced accuracy": sk.balanced_accuracy_score(y, answered),
        "F1 of rare": sk.f1_score(y, answered),
        "ROC AUC": sk.roc_auc_score(y, p),
        "average precision of rare": sk.average_precision_score(y, p),
    }
    for name, value in expected.items():
        assert float(found.scores[name]) == pytest.approx(value, abs=6e-4), name
    losses = -np.log(np.where(y == 1, p, 1 - p))
    loss, error = map(float, found.scores["log loss"].split(" ± "))
    assert loss == pytest.approx(losses.mean(), rel=1e-3)
    assert error == pytest.approx(losses.std(ddof=1) / np.sqrt(150), rel=0.05)
    one = found.classes[1]
    assert (one.name, one.examples) == ("rare", int(y.sum()))
    assert (one.recall, one.precision) == pytest.approx((sk.recall_score(y, answered), sk.precision_score(y, answered)))
    assert found.scores["wrong answers"].startswith(f"{100 * (answered != y).mean():.2f} % (95 % interval ")
    right = [share for _, share in found.calibration]
    assert np.mean(right) == pytest.approx((answered == y).mean(), abs=0.03)


def test_the_scores_are_those_of_the_table(rare):
    [found] = chosen_scores(rare)
    wrong = 100 * (1 - rare.records[rare.best_trial()].values["best_test_accuracy"])
    assert found.scores["wrong answers"].startswith(f"{wrong:.2f} %")
    assert found.seeds.startswith("Over the setting's 2 trials, with the weights of the best epoch: ")


def test_a_regression_is_scored_in_the_units_of_its_target(price):
    [found] = chosen_scores(price)
    rows = price.data().test
    predicted = price.predict(X[rows])
    rmse = float(found.scores["RMSE"].split(" ± ")[0].replace(",", ""))
    assert rmse == pytest.approx(sk.root_mean_squared_error(PRICE[rows], predicted), rel=2e-3)
    assert rmse > 100  # not of the scaled target, whose deviation is 1
    assert float(found.scores["R²"]) == pytest.approx(sk.r2_score(PRICE[rows], predicted), abs=6e-4)


def test_errors_over_seeds_are_in_the_units_of_the_target(price):
    """Mean and deviation over the seeds of scikit-learn's RMSE: in the sentence, the answer, and the table."""
    [choice] = choices(price)
    errors = {}
    for part in ("validation", "test"):
        rows = getattr(price.data(), part)
        own = [price.predict(X[rows], trial=trial) for trial in choice.setting.trials]
        errors[part] = [sk.root_mean_squared_error(PRICE[rows], predicted) for predicted in own]
    [found] = chosen_scores(price)
    text = found.seeds.split("RMSE ")[1]
    assert text.endswith(" in the units of 'price' (± is the standard deviation over them).")
    assert_mean_and_spread(text.split(" in ")[0], errors["test"])
    what, value, remark = goal_summary.test_score(price, choice)
    assert (what, remark[:22]) == ("root mean squared error on the test part", "in the target's units,")
    assert_mean_and_spread(value, errors["test"])
    table = summary_table(price)
    assert table.title.endswith("; RMSE and MAE in the units of 'price'")
    [column] = [column for column in table.columns if column.header == "RMSE"]
    assert_mean_and_spread(str(next(iter(column.cells))), errors["validation"])
    known = Baselines("regression", "test", 150, {"mean of the targets": {"mean_squared_error": 4.0}})
    [(_, reached)] = goal_summary._baselines(known, "regression", choice.setting)
    assert float(reached.replace(",", "")) == pytest.approx(2 * PRICE[price.data().train].std(), rel=2e-3)


def assert_mean_and_spread(text, values):
    mean, spread = (float(part.replace(",", "")) for part in str(text).replace("±", " ").split())
    assert mean == pytest.approx(np.mean(values), rel=2e-3)
    assert spread == float(f"{np.std(values, ddof=1):.1g}")


def test_errors_by_hand():
    """Errors 0, 1, 2: their squares have the mean 5/3 and the sample variance 13/3."""
    found = Predictions(np.array([[0.0], [1.0], [2.0]]), ("t",), None, "")
    scores = regression_scores(np.zeros((3, 1)), found, None)
    rmse, error = map(float, scores["RMSE"].split(" ± "))
    assert rmse == pytest.approx((5 / 3) ** 0.5, rel=1e-3)
    assert error == pytest.approx((13 / 9) ** 0.5 / (2 * (5 / 3) ** 0.5), rel=0.02)
    weighted = regression_scores(np.zeros((3, 1)), found, np.array([1.0, 1.0, 2.0]))
    assert float(weighted["MAE"].split(" ± ")[0]) == pytest.approx(5 / 4)


def test_nothing_is_scored_where_nothing_is_chosen():
    assert chosen_scores(fake_run()) == []  # an autoencoder
    run = swept("linear", "mean_squared_error", from_arrays(X, PRICE), target_scaling="standard")
    run.records = run.records[:0] + [type(record)() for record in run.records]
    assert chosen_scores(run) == []


def test_the_page_has_a_section(rare, price, tmp_path):
    page = write_report(rare, tmp_path / "rare").read_text("utf-8")
    assert "The chosen network" in page
    assert "average precision of rare" in page
    assert 'class="calibration"' in page
    assert "own units; ± is the standard error" in write_report(price, tmp_path / "price").read_text("utf-8")


@pytest.mark.skipif(CHROMIUM is None, reason="no browser")
def test_it_fits_a_phone(rare, tmp_path):
    from browser import browser

    path = write_report(rare, tmp_path)
    with browser() as page:
        page.open(path, width=390)
        assert page.run("document.documentElement.scrollWidth <= innerWidth")
        box = "document.querySelector('.calibration').getBoundingClientRect()"
        assert 200 < page.run(f"{box}.width") <= 390
