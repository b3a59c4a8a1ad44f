"""Batches and their progress."""

import io

import numpy as np
import pytest
from rich.console import Console

from nnjax.exchange.batched_inference import apply_with_progress


def double(x):
    assert x.dtype == np.float32
    return 2 * x


@pytest.mark.parametrize("n", [0, 1, 6, 7])
def test_every_example_once_and_in_order(n):
    x = np.arange(2 * n, dtype=np.uint8).reshape(n, 2)
    found = apply_with_progress(double, x, Console(file=io.StringIO()), batch=3)
    assert len(found) == n
    np.testing.assert_array_equal(found.reshape(n, 2), 2 * x.astype(int))


def test_a_line_at_each_tenth_where_there_is_no_terminal():
    out = io.StringIO()
    apply_with_progress(double, np.zeros((60, 1)), Console(file=out), batch=3)
    lines = out.getvalue().splitlines()
    assert lines[0] == " 10 %  6 of 60 examples"
    assert lines[-1] == "100 %  60 of 60 examples"
    assert len(lines) == 10


def test_a_few_batches_say_nothing():
    out = io.StringIO()
    apply_with_progress(double, np.zeros((20, 1)), Console(file=out), batch=3)
    assert out.getvalue() == ""


def test_a_bar_on_a_terminal_which_is_gone_in_the_end():
    out = io.StringIO()
    apply_with_progress(double, np.zeros((20, 1)), Console(file=out, force_terminal=True, width=80), batch=3)
    assert "predicting" in out.getvalue()
    assert "20/20" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")  # the line is erased
