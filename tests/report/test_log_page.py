"""`nnjax diagnose --html`: a page of anyone's log, without JAX; what is in it is not executed."""

import subprocess
import sys

import numpy as np
import pytest

from nnjax.core.errors import UserError
from nnjax.diagnosis.diagnose import diagnose_loaded
from nnjax.diagnosis.marks import Mark
from nnjax.diagnosis.reading import read
from nnjax.report.charts.log_chart import log_chart
from nnjax.report.log_page import MOST, write_log_page

EPOCHS = np.arange(1, 41)
TRAIN, VAL = 2 * 0.85**EPOCHS, 0.5 + 0.85**EPOCHS + 0.01 * np.maximum(EPOCHS - 12, 0)


def written(tmp_path, rows, header="epoch,loss,val_loss"):
    log, page = tmp_path / "log.csv", tmp_path / "page.html"
    log.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), "utf-8")
    loaded = read(log)
    write_log_page(loaded, diagnose_loaded(loaded), "log.csv", str(page))
    return page.read_text("utf-8")


def test_a_page(tmp_path):
    text = written(tmp_path, zip(EPOCHS, TRAIN, VAL, strict=True))
    assert "overfitting" in text
    assert "Read: a table; train loss = loss, validation loss = val_loss; 40 epochs." in text
    assert text.count("<svg") == 1
    assert "http" not in text.replace("http-equiv", "")  # nothing is fetched
    assert "script" not in text


def test_names_of_a_stranger_are_escaped(tmp_path):
    name = "<img src=x onerror=alert(1)>"
    text = written(tmp_path, [(name, i, a) for i, a in zip(EPOCHS, TRAIN, strict=True)], "run,epoch,loss")
    assert "<img" not in text
    assert "&lt;img src=x" in text


def test_many_trials(tmp_path):
    rows = [(trial, i, a) for trial in range(MOST + 3) for i, a in zip(EPOCHS, TRAIN, strict=True)]
    rows += [("bad", i, "nan") for i in EPOCHS]
    text = written(tmp_path, rows, "trial,epoch,loss")
    assert text.count("<svg") == MOST
    assert "The other trials" in text
    assert "trial bad" in text


def test_the_curves_lie_where_the_numbers_say():
    """Worked by hand: three epochs and losses 3, 2, 1 lie on a straight line, and the mark on its middle."""
    text = log_chart({"val_loss": np.array([3.0, 2.0, 1.0])}, [Mark("point", (2,), (2.0,), "here")])
    drawn = text.split('class="val_loss" d="M')[1].split('"')[0]
    points = [tuple(map(float, point.split())) for point in drawn.split("L")]
    assert len(points) == 3
    np.testing.assert_allclose(points[1], np.mean([points[0], points[2]], axis=0), atol=0.06)
    assert f'cx="{points[1][0]}" cy="{points[1][1]}"' in text


@pytest.mark.parametrize("values", [[np.inf] * 5, []])
def test_no_chart_without_a_finite_number(values):
    assert log_chart({"val_loss": np.array(values)}, []) == ""


@pytest.mark.parametrize("values", [[0.0] * 5, [-1.0, 2.0, np.nan, 1.0], [1e-30, 1e30], [1.0]])
def test_odd_curves_are_drawn(values):
    assert "NaN" not in log_chart({"train_loss": np.array(values)}, [Mark("level", (), (0.0,), "zero")])


def test_the_command_writes_it_without_jax(tmp_path):
    (tmp_path / "log.csv").write_text("loss\n" + "\n".join(map(str, TRAIN)), "utf-8")
    page = tmp_path / "page.html"
    code = (
        "import sys; from nnjax.cli import entry; sys.argv[1:] = ['diagnose', *sys.argv[1:]]\n"
        "try: entry.main()\nfinally: print(sorted({'jax', 'flax', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "log.csv"), f"--html={page}"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"page: {page}\n[]\n")
    assert "<svg" in page.read_text("utf-8")


def test_a_path_that_cannot_be_written(tmp_path):
    loaded = read(_log(tmp_path))
    with pytest.raises(UserError, match=r"ends in '.txt', but .html"):
        write_log_page(loaded, diagnose_loaded(loaded), "x", str(tmp_path / "page.txt"))


def _log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("loss\n1\n2\n", "utf-8")
    return path
