"""Drawings of networks: a line for each weight, and the counts of the lecture slides."""

import re
from pathlib import Path

import pytest

from nnjax.core.experiment import Experiment, ModelConfig
from nnjax.models.summary import summarize_model
from scripts import draw_networks


def test_a_line_for_each_weight_and_the_slides_count():
    """3-4-3-1 has 3·4+4 + 4·3+3 + 3·1+1 = 35 parameters (lecture slides, section 4)."""
    text = draw_networks.draw((3, 4, 3, 1), ("inputs", "hidden", "hidden", "output"))
    assert text.count("<line") == 12 + 12 + 3
    assert text.count("<circle") == 11
    assert [sum(one) for one in draw_networks.counts((3, 4, 3, 1))] == [16, 15, 4]
    assert "16 + 15 + 4 = 35 parameters" in text
    assert summarize_model(Experiment(model=ModelConfig("mlp", (4, 3))), (3,), 1).parameters == 35


def test_the_documentation_has_them_as_drawn():
    for name, text in draw_networks.pictures().items():
        assert (Path(__file__).parents[2] / "docs" / "images" / name).read_text("utf-8") == text
        assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert len(re.findall(r'class="c"', text)) == (2 if name.startswith("encoder") else 0)


def test_too_many_units_are_refused():
    with pytest.raises(ValueError, match="1 to 12 units"):
        draw_networks.draw((13, 1), ("a", "b"))
