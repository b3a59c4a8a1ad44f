"""Run folders of MLflow, after the layout of its FileStore."""

import numpy as np
import pytest
from log_curves import LOSS, VAL

from nnjax.core.errors import UserError
from nnjax.diagnosis.reading import read


def run(folder, **metrics):
    (folder / "metrics" / "val").mkdir(parents=True)
    (folder / "meta.yaml").write_text("run_id: 0a1b\n", "utf-8")
    for name, y in metrics.items():
        lines = "".join(f"17000000000{i:02d} {value} {i}\n" for i, value in enumerate(y))
        (folder / "metrics" / name.replace("__", "/")).write_text(lines, "utf-8")
    return folder


def test_metrics_are_curves(tmp_path):
    found = read(run(tmp_path, loss=LOSS, val__loss=VAL, lr=LOSS))
    np.testing.assert_array_equal(found.curves.train_loss, [LOSS])
    np.testing.assert_array_equal(found.curves.val_loss, [VAL])
    assert found.sources == ["a run of MLflow; train loss = loss, validation loss = val/loss; 24 epochs; not used: lr"]


def test_a_run_that_diverged(tmp_path):
    assert read(run(tmp_path, loss=[*LOSS[:9], np.nan, np.nan])).curves.diverged_at.tolist() == [10]


def test_mistakes_are_sentences(tmp_path):
    with pytest.raises(UserError, match="has no metrics"):
        read(run(tmp_path / "a"))
    (run(tmp_path / "b") / "metrics" / "loss").write_text("0.5\n", "utf-8")
    with pytest.raises(UserError, match="is no metric of MLflow"):
        read(tmp_path / "b")
