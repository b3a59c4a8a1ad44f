"""Made-up tables are read as NumPy and pandas say, and an error of the reader is found."""

import random

import numpy as np
import pytest

from nnjax.data import imputation
from scripts.faults import made_tables
from scripts.faults.attempts import Wrong


@pytest.mark.parametrize("seed", range(2))
def test_made_up_tables_are_read_rightly(seed, tmp_path):
    for number in range(8):
        what, check = made_tables.make(random.Random(f"{seed}/{number}"), tmp_path)
        try:
            check()
        except Wrong as error:
            pytest.fail(f"{what}: {error}")


def test_a_wrong_filling_is_found(tmp_path, monkeypatch):
    right = imputation._fill
    monkeypatch.setattr(imputation, "_fill", lambda *given: tuple(np.add(right(*given), 1)))
    found = 0
    for number in range(12):
        try:
            made_tables.make(random.Random(f"0/{number}"), tmp_path)[1]()
        except Wrong as error:
            found += "inputs" in str(error)
    assert found > 2
