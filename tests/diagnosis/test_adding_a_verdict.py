"""docs/extending/verdict.md: its module is found by the package, its test passes, and a report shows the verdict."""

import pathlib
import re
import subprocess
import sys

from nnjax.diagnosis.verdicts import CODES

DOCS = pathlib.Path(__file__).parents[2] / "docs"

# The package `verdicts` with one more folder; then the tests of the page, and the report of a run with such a curve.
SCRIPT = """
import importlib.util, runpy, sys

spec = importlib.util.find_spec("nnjax.diagnosis.verdicts")
spec.submodule_search_locations.append("extra")
sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[spec.name])

tests = runpy.run_path("page_test.py")
for name in [name for name in tests if name.startswith("test_")]:
    tests[name]()
    print(name)

from fake_runs import CLASSIFIER, fake_run

run = fake_run(CLASSIFIER)
run.records[0].epochs = 40
run.records[0].curves = {"train_loss": tests["TRAIN"], "val_loss": tests["VAL"], "val_accuracy": 0.9 + 0 * tests["VAL"]}
run.report("report")
"""


def test_the_example_of_the_page(tmp_path):
    module, test = re.findall(r"```python\n(.*?)```", (DOCS / "extending" / "verdict.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "overconfident.py").write_text(module, "utf-8")
    (tmp_path / "page_test.py").write_text(test, "utf-8")
    path = [str(pathlib.Path(__file__).parents[1]), *sys.path]
    script = f"import sys; sys.path[:] = {path!r}\n{SCRIPT}"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == re.findall(r"def (test_\w+)", test)
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert 'data-sign="!"' in page
    assert "the loss rises, the accuracy does not fall" in page
    assert "but the accuracy has not fallen." in page
    assert "too sure of its mistakes" in page


def test_the_rules_are_documented_by_precedence():
    text = (DOCS / "diagnoses.md").read_text("utf-8")
    assert tuple(re.findall(r"^\*\*`(\w+)`\*\*\.", text, re.MULTILINE)) == CODES
    assert all((DOCS / "images" / "diagnoses" / f"{code}.svg").exists() for code in CODES)
