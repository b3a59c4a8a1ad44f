import pathlib

import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, DIVERGED, REGRESSOR, RUNNING, WAITING, fake_run, searched, table

from nnjax.core.fields import replace
from nnjax.data.baselines import Baselines
from nnjax.report import header
from nnjax.report.context import ReportContext
from nnjax.spaces.space import Space


def told(run, known=None, goal="reconstruction"):
    report = ReportContext(run)
    if known is not None:
        report.baselines = {next(iter(report.groups)): Baselines(goal, "test", 60, known)}
    return " ".join(header.sentences(report))


def test_what_was_trained():
    text = told(fake_run(space=DEMO))
    assert text.startswith("Five networks were trained on 200 images of digits for six epochs. ")
    assert "Others were held out: 40 for validation and 60 for testing." in text
    assert "There is one seed of each" in text


def test_dropped_trials_have_fewer_epochs():
    assert "for up to 50 epochs (fewer where they were dropped at a rung)" in told(searched(60))


def test_seeds_and_a_single_network():
    assert "from three seeds" in told(fake_run(CLASSIFIER, Space(axes={"seed": range(3)})))
    assert told(fake_run(CLASSIFIER)).startswith("One network was trained on 200 images")
    assert "one seed" not in told(fake_run(CLASSIFIER))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"data.validation": 0, "data.test": 0}, "Nothing was held out: the scores are on these."),
        ({"data.validation": "test"}, "60 others were used for both validation and testing."),
        ({"data.validation": 0}, "Others were held out: 60 for testing."),
    ],
)
def test_what_was_held_out(changes, text):
    assert text in told(fake_run(replace(CLASSIFIER, changes)))


def test_a_network_that_loses_to_pca_is_told_so():
    run = fake_run(AUTOENCODER)
    run.records[0].values["best_test_loss"] = 0.05
    known = {"mean image": {"mean_squared_error": 0.07}, "PCA-4": {"mean_squared_error": 0.03}}
    assert "PCA-4, the best linear compression to as few numbers, reaches 0.03: better than the network." in told(
        run, known
    )
    known["PCA-4"]["mean_squared_error"] = 0.06
    assert "reaches 0.06: the network does better." in told(run, known)
    known["PCA-4 clipped"] = {"mean_squared_error": 0.04}  # a sigmoid's copies cannot leave [0, 1] either
    assert "its copies clipped to [0, 1] as the network's are, reaches 0.04: better than the network." in told(
        run, known
    )
    linear = fake_run(replace(AUTOENCODER, {"model.output_activation": "linear"}))
    linear.records[0].values["best_test_loss"] = 0.05
    assert "PCA-4, the best linear compression to as few numbers, reaches 0.06" in told(linear, known)


def test_a_network_that_is_no_better_than_the_mean_is_told_so():
    run = fake_run(AUTOENCODER)
    run.records[0].values["best_test_loss"] = 0.08
    known = {"mean image": {"mean_squared_error": 0.07}, "PCA-4": {"mean_squared_error": 0.03}}
    text = told(run, known)
    assert "it has learned next to nothing" in text
    assert "PCA" not in text


def test_the_best_is_chosen_by_validation_and_reported_on_test():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.2)}))
    run.records[0].values |= {"best_val_loss": 0.3, "best_test_accuracy": 0.8, "test_accuracy": 0.9}
    run.records[1].values |= {"best_val_loss": 0.4, "best_test_accuracy": 0.95}
    text = told(run, {"least squares": {"accuracy": 0.75}}, "classification")
    assert (
        "The chosen classifier is the network with learning_rate 0.1: it is wrong on 20.00 % of the test part, "
        "with the weights of the best epoch; a linear fit on 25.0 %." in text
    )


def test_regression():
    text = told(fake_run(REGRESSOR, dataset=table()))
    assert "3-8-2 predicts with mean squared error" in text
    assert "a linear fit has" in text
    assert "examples of table" in text


def test_trials_that_did_not_finish():
    text = told(fake_run(space=DEMO, statuses={0: DIVERGED, 1: RUNNING, 2: WAITING}))
    assert "One of five trials became NaN or infinite and was stopped." in text
    assert "Two of five trials have not finished." in text


def test_nothing_to_say_about_scores_that_are_not_there():
    text = told(fake_run(space=DEMO, statuses=dict.fromkeys(range(5), WAITING)))
    assert "best" not in text
    assert "seed" not in text


def test_titles():
    assert header.title(ReportContext(fake_run(title="My run"))) == "My run"
    assert header.title(ReportContext(fake_run(space=DEMO))) == "Five networks on digits"


def test_facts():
    run = fake_run(space=DEMO)
    report = ReportContext(run)
    run.path, report.environment = pathlib.Path("run"), {"sessions": [70.0, 5.0]}
    assert header.facts(report) == "5 of 5 trials finished, trained in 1:15 minutes"


def test_which_networks_the_figures_show():
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": [0.1 * i for i in range(1, 9)], "seed": (0, 1)}))
    text = header.shown_networks(ReportContext(run))
    assert text == (
        "The figures show six networks of 8, the best by the rule above. Where a network has several trials, they show "
        "the one with the median error."
    )
    assert header.shown_networks(ReportContext(fake_run(space=DEMO))) == ""


def test_the_metric_of_the_choice_stands_beside_the_wrong_answers():
    """And where one class is common the metrics that were asked for, of the chosen network on the test part."""
    asked = replace(CLASSIFIER, {"metrics": ("accuracy", "balanced_accuracy", "f1_1"), "evaluate_test": "chosen"})
    for select, common, expected in (
        (
            "balanced_accuracy",
            0.5,
            "of the test part, with the weights of the best epoch (balanced accuracy 0.72); always",
        ),
        (
            "loss",
            0.95,
            "of the test part, with the weights of the best epoch (balanced accuracy 0.72, f1 1 0.4); always",
        ),
        ("loss", 0.5, "of the test part, with the weights of the best epoch; always"),
    ):
        run = fake_run(replace(asked, {"select": select}), Space(axes={"learning_rate": (0.1, 0.2)}))
        for record, value in zip(run.records, (0.72, 0.61), strict=True):
            own = {"balanced_accuracy": value, "f1_1": 0.4, "accuracy": 0.8}
            record.values |= {f"{part}_{name}": v for part in ("best_test", "best_val") for name, v in own.items()}
            record.values["best_val_loss"] = 1 - value
        text = told(run, {"majority class": {"accuracy": common}}, "classification")
        assert f"is wrong on 20.00 % {expected}" in text
