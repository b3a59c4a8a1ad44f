"""The diagnosis imports neither JAX nor Flax: shown in a process of its own."""

import subprocess
import sys

from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.fields import replace

SCRIPT = """
import importlib, pkgutil, sys
import nnjax, nnjax.diagnosis

for module in pkgutil.walk_packages(nnjax.diagnosis.__path__, "nnjax.diagnosis."):
    importlib.import_module(module.name)
for path in sys.argv[1:]:
    [found] = nnjax.diagnose(path)
    [other] = nnjax.diagnose(path, mean_predictor=1e-9)  # in place of what the folder says: the loss is far above that
    print(found.trial, found.primary.code, other.primary.code)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"jax", "jaxlib", "flax", "optax", "matplotlib"}))
"""


def test_a_csv_file_and_a_run_folder_are_diagnosed_without_jax(tmp_path):
    run = nnjax.sweep(replace(CLASSIFIER, {"epochs": 8}), data=blobs(), workdir=tmp_path / "run")
    (tmp_path / "curves.csv").write_text("loss\n" + "\n".join(str(0.9**i) for i in range(20)), "utf-8")
    command = [sys.executable, "-W", "error", "-c", SCRIPT, str(tmp_path / "curves.csv"), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        " still_learning diverged",
        f"trial 0 {run.diagnoses[0].primary.code} diverged",
        "[]",
    ]
