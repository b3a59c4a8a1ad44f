import numpy as np
import pytest

from nnjax.report.text import cell


@pytest.mark.parametrize(
    ("values", "percent", "text"),
    [
        ([0.012345], False, "0.01235"),
        ([0.01, 0.03], False, "0.02 ± 0.01"),
        ([0.051], True, "5.10 %"),
        ([0.05, 0.07], True, "6.00 ± 1.41 %"),
        ([np.nan], False, "–"),
        ([], True, "–"),
    ],
)
def test_cells(values, percent, text):
    assert cell(values, percent) == text
