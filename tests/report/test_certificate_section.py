"""The certificate in words: every outcome, on the terminal and in the page."""

import dataclasses

import pytest
from fake_runs import fake_run
from page import text_of

from nnjax.report.context import ReportContext
from nnjax.report.sections import certificate
from nnjax.verify.certificate import Certificate, Mismatch, TrialCheck

GOOD = TrialCheck(3, 16, 2, 4, 4, 2, 1e-5, None, 0.0, 1.2e-7, (0.0, 3e-7, 1e-7))
BAD = dataclasses.replace(GOOD, trial=5, mismatch=Mismatch("val_loss", 2, 0.25, 0.5), alone=2e-3)
PASSED = Certificate((GOOD,), 8, 9, True, "", ())
FAILED = dataclasses.replace(PASSED, checks=(GOOD, BAD), left_out=((2, "their layout is not on record"),))
LOOSE = dataclasses.replace(PASSED, checks=(dataclasses.replace(BAD, alone=0.0),), bitwise=False, why_not="of this")
EMPTY = Certificate((), 2, 9, True, "", ((2, "it rained"),))


def test_a_pass():
    lines = certificate.sentences(PASSED)
    assert lines[0] == "certificate: Passed: 1 of 8 finished trials trained again, with the same outcome. Trials 3."
    assert "all curves are the same bit for bit, over four epochs" in lines[1]
    assert "differ by 1.2e-07 at most; 1e-05 is allowed" in lines[2]
    assert "differ by 3e-07 at most. This is reported, not asserted" in lines[3]
    assert len(lines) == 4
    assert certificate.table(PASSED)["rows"] == [
        ("3", "same bits, four epochs", "1.2e-07", "3e-07 (epoch 3 of 4)", "2 × 16 lanes")
    ]


def test_a_failure_is_loud_and_says_what_differs():
    lines = certificate.sentences(FAILED)
    assert lines[0].startswith(
        "error: certificate: FAILED: 2 of 8 finished trials trained again, 1 of them with another"
    )
    assert "error: Trial 5, trained again by its program: val_loss of epoch 2 was 0.25 and is now 0.5." in "".join(
        lines
    )
    assert "error: Trial 5, trained alone: losses of the first epoch differ by 0.002, but 1e-05 is allowed." in lines
    assert lines[-1] == "  left out: two trials, because their layout is not on record."
    assert certificate.table(FAILED)["rows"][1][1:3] == ("NOT the same", "0.002 (TOO MUCH)")


def test_where_bits_are_not_promised():
    assert LOOSE.passed
    assert "Equal bits were not asked for: of this." in certificate.sentences(LOOSE)[1]
    far = dataclasses.replace(LOOSE, checks=(dataclasses.replace(LOOSE.checks[0], among=0.1),))
    assert certificate.failures(far) == [
        "Trial 5, trained again by its program: losses of the first epoch differ by 0.1, but 1e-05 is allowed."
    ]


def test_nothing_tested_is_no_pass():
    assert (EMPTY.passed, certificate.outcome(EMPTY)) == (False, "empty")
    assert certificate.sentences(EMPTY) == [
        "warning: certificate: Nothing was tested: no finished trial could be trained again by its program.",
        "  left out: two trials, because it rained.",
    ]


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"places": 1}, "A program that has one place only was run again as it was."),
        ({"exact_epochs": 2, "drift": ()}, "epochs after the run had moved a trial to another program"),
    ],
)
def test_what_a_check_could_not_do_is_told(moved, said):
    run = fake_run()
    run.certificate = dataclasses.replace(PASSED, checks=(dataclasses.replace(GOOD, **moved),))
    assert said in " ".join(text for _, text in certificate.build(ReportContext(run))["notes"])


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (PASSED, "Passed: 1 of 8"),
        (FAILED, "FAILED: 2 of 8"),
        (EMPTY, "Two trials could not be chosen: it rained."),
    ],
)
def test_the_page_has_a_section(found, words):
    run = fake_run()
    assert 'id="certificate"' not in text_of(run)
    run.certificate = found
    text = text_of(run)
    assert words in text.split('id="certificate"')[1].split("</section>")[0]
    assert ("has failed" in text.split("</header>")[0]) == bool(found.failed)
