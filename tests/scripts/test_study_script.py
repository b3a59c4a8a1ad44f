"""The script of studies, as a process."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
ASKED = '''"""Asked."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Asked:
    answer: int = 42

    def run(self, workdir, log):
        log("Computing.")
        (workdir / "study.html").write_text(str(self.answer))
        return workdir / "study.html"


def get_study():
    return Asked()
'''


def study(*arguments):
    command = [sys.executable, "scripts/study.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")


def test_a_study_is_run_and_its_page_named(tmp_path):
    config, out = tmp_path / "asked.py", tmp_path / "out"
    config.write_text(ASKED, "utf-8")
    done = study(f"--config={config}", f"--workdir={out}")
    assert (done.returncode, done.stdout) == (0, f"Computing.\nreport: {out}/study.html\n"), done.stderr
    assert (out / "study.html").read_text("utf-8") == "42"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workdir=out"], "error: --config is missing"),
        (["--config=configs/mnist_mlp.py", "--workdir=out"], "mnist_mlp.py describes a training, not a study"),
    ],
)
def test_mistakes(arguments, message):
    done = study(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
