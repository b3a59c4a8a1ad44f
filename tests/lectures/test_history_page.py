"""The history report: the page of a made-up chapter, the comparisons, and the script."""

import subprocess
import sys
from pathlib import Path

import pytest

from nnjax.core.errors import UserError
from nnjax.lectures.history import chapters
from nnjax.lectures.history.drawing import panels

ROOT = Path(__file__).parents[2]


def made_up():
    figure = panels(1)(lambda axes: axes[0].plot([0, 1]))()
    rows = (chapters.counted("a count", [1, 2], [1, 2]), chapters.compared("a size", 0.5, 0.25))
    return chapters.Chapter(
        "A <b>machine</b>, 1900",
        ("One.", "Two.", "Three."),
        (chapters.Figure("f", "Seen.", figure),),
        rows,
        ("A paper.",),
    )


def test_a_page(tmp_path):
    path = chapters.write({"made": made_up()}, tmp_path / "out")
    text = path.read_text("utf-8")
    assert path == tmp_path / "out" / "report.html"
    assert "A &lt;b&gt;machine&lt;/b&gt;, 1900" in text
    assert all(piece in text for piece in ("One.", "Two.", "Three.", "Seen.", "A paper.", "1, 2", "differs", "✓"))
    assert (tmp_path / "out" / "figures" / "made_f.png").read_bytes().startswith(b"\x89PNG")
    assert "http" not in text.replace("http-equiv", "")


def test_numbers_agree_as_they_are_written_or_within_what_is_said():
    assert chapters.compared("", 0.12344, 0.12342).agrees
    assert not chapters.compared("", 0.1234, 0.1236).agrees
    assert chapters.compared("", 0.1234, 0.1236, atol=0.001).agrees
    assert chapters.compared("", 99.0, 100.0, rtol=0.02).agrees
    assert chapters.within("", 0.5, 0.4, 0.6) == ("", "0.5", "0.4–0.6", True, "simulated")
    assert not chapters.within("", 0.7, 0.4, 0.6).agrees
    assert chapters.counted("", 3, 3) == ("", "3", "3", True, "exact")
    assert not chapters.counted("", [3, 4], [4, 3]).agrees


def test_an_unknown_chapter_is_refused():
    with pytest.raises(UserError, match="There is no chapter 'x'; the chapters are"):
        chapters.make("x")


@pytest.mark.slow
def test_the_script(tmp_path):
    """One chapter as a process of its own; a file in the folder's place and an unknown chapter end with status 2."""

    def run(*arguments):
        command = [sys.executable, "scripts/history.py", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")

    done = run("descent", f"--out={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert "largest rate, 2 / λmax: 0.006971 (exact 0.006971)" in done.stdout
    assert "DIFFERS" not in done.stdout
    assert done.stdout.splitlines()[-1] == f"report: {tmp_path / 'out' / 'report.html'}"
    wrong = run("rosenblatt", f"--out={tmp_path / 'out'}")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "There is no chapter 'rosenblatt'" in wrong.stderr
