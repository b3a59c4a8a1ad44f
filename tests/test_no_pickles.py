"""Nothing is unpickled and no code of a file is executed: what every Python file of the project imports and calls."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
FILES = sorted(path for folder in ("nnjax", "scripts", "configs") for path in (ROOT / folder).rglob("*.py"))
UNPICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
EXECUTORS = {"eval", "exec", "compile", "__import__"}
LOADERS = {"np.load", "numpy.load"}
KNOWN = {  # what is none of this, with its reason
    ("scripts/peers/sklearn_peer.py", "joblib"),  # runs scikit-learn in processes; loads no file
    ("scripts/peers/optuna_peer.py", "joblib"),  # likewise
    ("nnjax/estimators/population_search.py", "joblib"),  # likewise: scikit-learn runs in this process
    ("nnjax/train/engine/stored_functions.py", "pickle"),  # the user's own cache, beside machine code (0032)
    ("nnjax/cli/config.py", "spec.loader.exec_module"),  # --config=FILE: a program that its user names
}


def findings(tree):
    """(line, what) of every import of an unpickler and every call that might unpickle or execute a file's content."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            for name in {name.split(".")[0] for name in names} & UNPICKLERS:
                yield node.lineno, name
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            options = {option.arg: option.value for option in node.keywords}
            allowed = options.get("allow_pickle")
            refuses = isinstance(allowed, ast.Constant) and allowed.value is False
            if called in EXECUTORS or called.endswith((".exec_module", ".read_pickle", "torch.load")):
                yield node.lineno, called
            if (called in LOADERS or called.endswith((".read_array", ".load_model"))) and not refuses:
                yield node.lineno, f"{called} without allow_pickle=False"
            if "allow_pickle" in options and not refuses:
                yield node.lineno, "allow_pickle"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_unpickled(path):
    name = str(path.relative_to(ROOT))
    found = {(name, what) for _, what in findings(ast.parse(path.read_text("utf-8")))}
    assert found <= KNOWN


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "np.load(file)",
        "np.load(file, allow_pickle=True)",
        "numpy.load(file, allow_pickle=flag)",
        "np.savez(file, allow_pickle=True)",
        "eval(text)",
        "pd.read_pickle(file)",
        "keras.models.load_model(path)",
    ],
)
def test_the_scan_finds_them(line):
    assert list(findings(ast.parse(line)))
