"""The study of transfer: what is frozen stays, counts by hand, findings on scores made by hand."""

import numpy as np
import pandas as pd
import pytest

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.lectures.studies.transfer import tasks
from nnjax.lectures.studies.transfer.page import sentences, table
from nnjax.lectures.studies.transfer.study import FROZEN, SCRATCH, TUNED, Transfer

BASE = Experiment(
    model=ModelConfig("mlp", widths=(6,)), loss="categorical_crossentropy", batch_size=32, train_eval_size=0
)
TINY = Transfer(BASE, limit=400, test=60, sizes=(40,), epochs=(3,), seeds=(0, 1), rate=0.01, head_rate=0.1)


def no_files(name):
    if name != "digits":
        raise UserError(f"{name} is not here.")
    return REAL(name)


REAL = tasks.load


@pytest.fixture(scope="module")
def pair():
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "load", no_files)
        found = tasks.pairs(400, said.append)
    assert said == ["remark: mnist is not here. The halves are of scikit-learn's digits, and Fashion is left out."]
    assert [one.name for one in found] == ["digits 0-4 to 5-9", "digits 5-9 to 0-4"]
    return found[0]


def test_halves_are_the_classes_that_they_say(pair):
    assert list(pair.source.classes) == list("01234")
    assert list(pair.target.classes) == list("56789")
    assert len(pair.source.x) + len(pair.target.x) == 400
    whole = REAL("digits")
    rows = np.sort(np.random.default_rng(0).permutation(len(whole.x))[:400])
    assert np.array_equal(np.sort(whole.y[rows][whole.y[rows] >= 5] - 5), np.sort(pair.target.y))


@pytest.mark.slow
def test_what_is_frozen_stays_and_costs_less(pair, tmp_path):
    frame = pd.DataFrame(TINY.results(pair, tmp_path, lambda text: None)).set_index("method")

    run = nnjax.load(tmp_path / "digits_0-4_to_5-9" / "target_40")
    source = nnjax.load(tmp_path / "digits_0-4_to_5-9" / "source").params(0)
    moved = {
        spec.arm: not np.array_equal(run.params(spec.id)["layer_0"]["kernel"], source["layer_0"]["kernel"])
        for spec in run.specs
    }
    assert moved == {SCRATCH: True, FROZEN: False, TUNED: True}
    weights, head = 64 * 6 + 6 * 5, 6 * 5
    first = frame.loc[FROZEN].iloc[0]
    assert (first["parameters"], first["trained"]) == (weights + 11, head + 5)
    assert first["operations"] == (2 * weights + 4 * head) * 40 * 3
    assert frame.loc[SCRATCH].iloc[0]["operations"] == 6 * weights * 40 * 3
    assert first["before"] == 6 * weights * (len(pair.source.x) - 60) * 3
    assert frame.loc[SCRATCH].iloc[0]["before"] == 0


def scored(method, accuracies, size=50):
    rest = {"parameters": 9, "trained": 9, "operations": 1e6, "before": 0, "seconds": 1.0}
    start = {"pair": "a to b", "method": method, "size": size}
    return [{**start, "seed": i, "accuracy": a, **rest} for i, a in enumerate(accuracies)]


def test_findings_name_the_better_way_with_its_interval():
    rows = scored(SCRATCH, (0.5, 0.52, 0.51)) + scored(FROZEN, (0.4, 0.4, 0.4)) + scored(TUNED, (0.7, 0.73, 0.7))
    [text] = sentences(pd.DataFrame(rows))
    assert (
        "with 50 examples fine-tuning reaches 71.0 %, training from scratch 51.0 % (better: +20.0 points, +17.5" in text
    )
    [head, *lines] = table(pd.DataFrame(rows)).rows
    assert head == ["a to b"]
    assert lines[0] == ["50", SCRATCH, "51.0 ± 1.0", "9", "9", "1e+06", "1.00"]
    worse = scored(SCRATCH, (0.5,)) + scored(TUNED, (0.4,))
    assert "(one seed)" in sentences(pd.DataFrame(worse))[0]
