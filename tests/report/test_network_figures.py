import dataclasses

import numpy as np
import pytest
from fake_runs import CLASSIFIER, DEMO, REGRESSOR, fake_run, table

from nnjax.core.fields import replace
from nnjax.report.sections import network_figures, network_snapshot


@pytest.fixture(scope="module")
def demo():
    run = fake_run(space=DEMO)
    return run, network_snapshot.exhibits(run)[0]


def test_strips_are_the_original_then_code_and_copy_of_each(demo):
    found = network_figures.reconstructions(demo[1])
    assert [item.what for item in found] == ["original", *["code", "copy"] * 4]
    assert [item.label for item in found if item.first] == ["", "digits64", "digits64_sig", "digits64_bce", "digits16"]
    assert all(item.uri.startswith("data:image/png;base64,") for item in found)


def test_latent_pictures_and_their_legend(demo):
    found = network_figures.latents(demo[1])
    assert [item.label for item in found] == ["digits64", "digits64_sig", "digits64_bce", "digits16"]
    assert found[3].what == "the two numbers of the code itself"
    assert "of their variance" in found[0].what
    assert [name for name, _ in network_figures.legend(demo[1])] == list("0123456789")


def test_dead_code_units_are_counted(demo):
    exhibit = demo[1][0]
    codes = exhibit.codes.copy()
    codes[:, 1:3] = 0
    found = network_figures.latents([dataclasses.replace(exhibit, codes=codes)])
    assert "4 numbers; 2 of them always the same" in found[0].what


def test_confusions_and_mistakes_by_hand(demo):
    exhibit = demo[1][4]
    outputs = np.eye(10)[exhibit.labels] * 0.9
    first, second = np.flatnonzero(exhibit.labels == 4)[0], np.flatnonzero(exhibit.labels == 7)[0]
    outputs[first] = np.eye(10)[9] * 0.8
    outputs[second] = np.eye(10)[1] * 0.6
    exhibit = dataclasses.replace(exhibit, outputs=outputs)
    found = network_figures._classifier(exhibit)
    assert (found["wrong"], found["size"]) == (2, 60)
    assert found["pairs"] == [("4", "9", 1), ("7", "1", 1)]
    assert [(m["actual"], m["predicted"], m["sure"]) for m in found["mistakes"]] == [
        ("4", "9", "80.0 %"),
        ("7", "1", "60.0 %"),
    ]
    assert found["mistakes"][0]["index"] == exhibit.rows[first]
    matrix = np.array([[count for count, _ in row] for row in found["matrix"]])
    assert matrix.sum() == 60
    assert matrix[4, 9] == 1
    assert np.trace(matrix) == 58


def test_outputs_that_are_no_probabilities_are_not_called_so():
    run = fake_run(replace(CLASSIFIER, {"output_activation": "linear", "loss": "mean_squared_error"}))
    item = network_figures.classifiers(run, network_snapshot.exhibits(run)[0])[0]
    assert item["mistakes"][0]["sure"].startswith("output ")


def test_binary_classifier_on_a_table():
    run = fake_run(
        replace(CLASSIFIER, {"output_activation": "sigmoid", "loss": "binary_crossentropy"}),
        dataset=table("classification"),
    )
    found, _ = network_snapshot.exhibits(run)
    assert found[0].outputs.shape[1] == 1
    item = network_figures.classifiers(run, found)[0]
    assert item["classes"] == ("no", "yes")
    assert all(mistake["uri"] == "" for mistake in item["mistakes"])
    assert (
        network_figures.weights(found) == network_figures.reconstructions(found) == network_figures.latents(found) == []
    )


def test_regression_says_how_much_it_explains():
    run = fake_run(REGRESSOR, dataset=table())
    exhibit = network_snapshot.exhibits(run)[0][0]
    perfect = dataclasses.replace(exhibit, outputs=exhibit.targets.copy())
    assert network_figures.regressions(run, [perfect])[0].what == "R² 1.000, 1.000 on 60 examples (test)"
