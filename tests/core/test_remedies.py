"""Sentences that Python users read name no flags of a shell."""

import ast
import pathlib
import re

import pytest

import nnjax
from nnjax.core import messages

ROOT = pathlib.Path(nnjax.__file__).parent
OF_COMMANDS = ("cli", "lectures/commands", "exchange/prediction_tables.py", "spaces/overrides.py")  # read flags
FLAG = re.compile(r"(?:^|[\s(\"'`])--[a-z]")
STYLE = re.compile(r"var\(--[\w-]+\)|^--[\w-]+: ")  # variables of CSS
OTHERS = ("tfds build", "--file_format", "--always", "--dirty", "--abbrev")  # of other programs


def flags_of(path):
    """List the texts that name a flag, but for docstrings and what `remedy` keeps for commands."""
    text = path.read_text("utf-8")
    if not re.search("--[a-z]", text):
        return []
    tree = ast.parse(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    kept = [call.args[1] for call in calls if getattr(call.func, "id", "") == "remedy"]
    kept += [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    known = {id(node) for one in kept for node in ast.walk(one)}
    return [
        (path.name, node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in known
        if FLAG.search(STYLE.sub("", node.value)) and not any(one in node.value for one in OTHERS)
    ]


def test_only_commands_name_flags():
    files = [path for path in ROOT.rglob("*.py") if not path.relative_to(ROOT).as_posix().startswith(OF_COMMANDS)]
    assert len(files) > 300
    assert [found for path in files for found in flags_of(path)] == []


def test_a_flag_is_found(tmp_path):
    path = tmp_path / "one.py"
    path.write_text('"""--doc"""\nraise ValueError(f"name a {x}, or a new --workdir.", remedy("a", "--b"))\n', "utf-8")
    assert [line for _, line, _ in flags_of(path)] == [2]


@pytest.mark.parametrize(("show", "word"), [(None, "workdir"), (print, "--workdir")])
def test_a_command_names_flags(show, word, monkeypatch):
    monkeypatch.setattr(messages, "_show", show)
    assert messages.remedy("workdir", "--workdir") == word
