"""Test rows that train too are said; the right count comes from pandas."""

import numpy as np
import pandas as pd

from nnjax.core.experiment import DataConfig
from nnjax.data import prepare_loaded
from nnjax.data.in_memory import as_dataset

RNG = np.random.default_rng(0)
ONCE = pd.DataFrame({"a": RNG.normal(size=60), "c": RNG.choice(["p", "q"], 60), "y": ["u", "v"] * 30})


def prepared(frame):
    return prepare_loaded(as_dataset(frame, "y"), DataConfig(test=0.25))


def test_rows_that_stand_twice_are_counted():
    twice = pd.concat([ONCE, ONCE.head(30)], ignore_index=True)
    found = prepared(twice)
    repeated = twice.iloc[found.test].merge(twice.iloc[found.train].drop_duplicates())
    [said] = [text for text in found.said if "cell for cell" in text]
    assert said.startswith(f"{len(repeated)} of {len(found.test)} test rows")
    assert len(repeated) > 2


def test_chance_is_not_said():
    """Another target, rows that are alone, and few categories, of which most rows are equal."""
    other = pd.concat([ONCE, ONCE.assign(y=ONCE.y.map({"u": "v", "v": "u"}))], ignore_index=True)
    for frame in (ONCE, other, pd.DataFrame({"c": ["p", "q"] * 30, "n": [1, 2, 3] * 20, "y": ["u", "v"] * 30})):
        assert not any("cell for cell" in text for text in prepared(frame).said)
