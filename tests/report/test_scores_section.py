import dataclasses

import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, DEMO, REGRESSOR, WAITING, fake_run, table

from nnjax.core.fields import replace
from nnjax.data.baselines import BCE, MSE
from nnjax.report.context import ReportContext
from nnjax.report.sections import scores


def boards_of(run):
    return scores.boards(ReportContext(run))


def cell(board, name, column):
    row = next(row for row in board.rows if row.name == name)
    return row.cells[board.columns.index(column)]


@pytest.fixture(scope="module")
def demo():
    run = fake_run(space=DEMO)
    return run, boards_of(run)


def test_a_mixed_run_has_a_board_for_each_goal(demo):
    part = "test part, networks with the weights of the last epoch"
    assert [(board.goal, board.part) for board in demo[1]] == [("reconstruction", part), ("classification", part)]
    assert demo[1][1].columns == ("wrong answers",)


def test_networks_and_references_stand_in_one_order(demo):
    board = demo[1][0]
    values = [float(row.cells[0]) for row in board.rows if row.share is not None]
    assert values == sorted(values)
    assert board.rows[-1].name == "entropy floor"  # it has no mean squared error
    networks = [row.name for row in board.rows if row.network]
    assert set(networks) == {"digits64", "digits64_sig", "digits64_bce", "digits16"}
    assert max(row.share for row in board.rows if row.share is not None) == 1


def test_excess_is_what_is_above_the_floor(demo):
    run, boards = demo
    floor = float(cell(boards[0], "entropy floor", "BCE"))
    bce = run.records[2].values["test_binary_crossentropy"]
    assert float(cell(boards[0], "digits64_bce", "excess BCE")) == pytest.approx(bce - floor, rel=1e-3)
    assert cell(boards[0], "entropy floor", "excess BCE") == "0"


def test_only_a_linear_output_leaves_the_unit_interval(demo):
    board = demo[1][0]
    assert cell(board, "digits64", "outputs outside [0, 1]") != "0.0 %"
    assert cell(board, "digits64_sig", "outputs outside [0, 1]") == "0.0 %"
    assert cell(board, "black", "background") == "–"


def test_pca_as_wide_as_a_code_is_among_the_references(demo):
    names = {row.name for row in demo[1][0].rows}
    assert {"PCA-2", "PCA-4", "PCA-16", "PCA-32", "mean image", "black"} <= names
    assert not any("clipped" in name for name in names)
    assert cell(demo[1][0], "PCA-16", "MSE clipped") != "–"


def test_errors_of_classifiers_are_per_cent(demo):
    run, _ = demo
    run.records[4].values["test_accuracy"] = 0.875
    board = boards_of(run)[1]
    assert cell(board, "mlp", "wrong answers") == "12.50 %"
    assert cell(board, "chance", "wrong answers") == "90.00 %"


def test_regression():
    board = boards_of(fake_run(REGRESSOR, dataset=table()))[0]
    assert not any("scaled target" in note for note in board.notes)
    scaled = fake_run(replace(REGRESSOR, {"target_scaling": "standard"}), dataset=table())
    assert "its standard deviation in the training part counts as 1" in boards_of(scaled)[0].notes[-1]
    assert board.columns == ("MSE", "MAE")
    assert float(cell(board, "least squares", "MSE")) < 1e-6  # the table is a linear map


def test_inputs_outside_the_unit_interval_have_no_crossentropy():
    run = fake_run(replace(AUTOENCODER, {"data.scaling": "standard"}), dataset=table("none"))
    assert boards_of(run)[0].columns == ("MSE",)


def test_targets_of_zeros_and_ones_have_a_floor_of_zero():
    run = fake_run(AUTOENCODER)
    report = ReportContext(run)
    key, reference = next(iter(report.baselines.items()))
    known = {"black": {MSE: 0.2, BCE: 0.7}, "entropy floor": {BCE: 0.0}}
    report.baselines = {key: reference._replace(scores=known)}
    board = scores.boards(report)[0]
    assert cell(board, "black", "excess BCE") == "0.7"


def test_trials_without_scores_come_last():
    board = boards_of(fake_run(space=DEMO, statuses=dict.fromkeys(range(4), WAITING)))[0]
    assert [row.network for row in board.rows][-5:] == [True, True, True, True, False]
    assert cell(board, "digits64", "MSE") == "–"


def test_boards_without_the_data_hold_the_networks():
    run = fake_run(CLASSIFIER)
    run._prepared.clear()
    run._facts = {c: dataclasses.replace(facts, sha256="other") for c, facts in run._facts.items()}
    report = ReportContext(run)
    assert report.baselines == {}
    board = scores.boards(report)[0]
    assert [row.name for row in board.rows] == ["64-8-10"]
