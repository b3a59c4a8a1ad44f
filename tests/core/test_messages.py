"""Findings reach Python users: as warnings that name their own line, and all else through logging."""

import logging
import warnings

import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core import messages
from nnjax.core.fields import replace

SUSPECT = replace(CLASSIFIER, {"output_activation": "sigmoid", "loss": "mean_squared_error", "epochs": 1})


def test_a_finding_is_a_warning_of_the_callers_line(caplog):
    with caplog.at_level(logging.INFO, "nnjax"), pytest.warns(nnjax.NnjaxWarning) as found:
        nnjax.sweep(SUSPECT, data=blobs())
    assert {warning.filename for warning in found} == {__file__}
    texts = [str(warning.message) for warning in found]
    assert all(text.startswith(("warning", "remark")) for text in texts)
    logged = [record.getMessage() for record in caplog.records if record.name == "nnjax"]
    assert any(text.startswith("cost:") for text in logged)
    assert not set(texts) & set(logged)


def test_what_is_fine_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nnjax.sweep(replace(CLASSIFIER, {"epochs": 1}), data=blobs())


def test_a_function_of_ones_own_takes_all():
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nnjax.sweep(SUSPECT, data=blobs(), log=said.append)
    assert any(text.startswith("remark: mean_squared_error is a loss for numbers") for text in said)
    assert any(text.startswith("cost:") for text in said)


@pytest.mark.parametrize("text", ["cost: x", "plan: x", "erroneous: x", ""])
def test_other_sentences_do_not_warn(text, recwarn, caplog):
    with caplog.at_level(logging.INFO, "nnjax"):
        messages.send(text)
    assert not recwarn.list
    assert [record.getMessage() for record in caplog.records] == [text]
