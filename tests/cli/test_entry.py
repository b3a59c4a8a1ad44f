"""The command `nnjax`: what it lists, finds and refuses, in processes where start-up matters."""

import importlib
import pathlib
import subprocess
import sys

import pytest
from forked import nnjax_commands

import nnjax
from nnjax.cli import config, entry
from nnjax.core.errors import UserError

ROOT = pathlib.Path(nnjax.__file__).parents[1]
PROMISED = """demo train sweep predict diagnose tune-lr report export embed history gallery data study""".split()  # noqa: SIM905


def nnjax_command(*arguments, **options):
    command = [sys.executable, "-m", "nnjax", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_command(arguments):
    done = nnjax_command(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert listed == list(entry.COMMANDS)
    assert set(PROMISED) <= set(listed)


@pytest.fixture(scope="module")
def helps():
    """How `nnjax NAME --help` and `nnjax help NAME` of every command end, and `nnjax --help`: {words: …}."""
    lines = [["--help"], *(line for name in entry.COMMANDS for line in ([name, "--help"], ["help", name]))]
    return dict(zip(map(tuple, lines), nnjax_commands(lines), strict=True))


def test_a_command_explains_itself_in_a_process_of_its_own(helps):
    done = nnjax_command("tune-lr", "--help")
    assert (done.returncode, done.stdout, done.stderr) == helps["tune-lr", "--help"][:3]


@pytest.mark.parametrize("name", entry.COMMANDS)
def test_every_command_explains_itself_as_it_is_called(name, helps):
    done = helps[name, "--help"]
    assert (done.status, done.errors) == (0, "")
    assert f"`nnjax {name}" in done.output.partition("flags:")[0]
    assert "scripts/" not in done.output
    assert helps["help", name].output == done.output


HEAVY = {"jax", "flax", "optax", "pandas", "sklearn", "scipy", "matplotlib", "keras", "tensorflow_datasets"}


def test_help_imports_nothing_heavy(helps):
    """As a count of modules, which no other load on the machine changes; the time is in docs/LOG.md."""
    assert {words: done.modules & HEAVY for words, done in helps.items() if done.modules & HEAVY} == {}
    assert all("absl.flags" in helps[name, "--help"].modules for name in PROMISED)


def test_the_version_is_that_of_the_package():
    assert nnjax_command("--version").stdout == f"nnjax {nnjax.__version__}\n"
    assert f'version = "{nnjax.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("swep", "error: There is no command 'swep'; did you mean sweep? `nnjax --help` lists the commands.\n"),
        ("tune_lr", "error: There is no command 'tune_lr'; did you mean tune-lr? `nnjax --help` lists the commands.\n"),
        ("bake", "error: There is no command 'bake'. `nnjax --help` lists the commands.\n"),
        (
            "--config=demo",
            "error: A command was expected before --config=demo, such as `nnjax train --config=demo`; `nnjax --help` "
            "lists them.\n",
        ),
    ],
)
def test_what_is_no_command_is_one_sentence(name, sentence):
    done = nnjax_command(name)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


def test_output_that_the_stream_cannot_encode_is_replaced():
    """As where Windows pipes cp1252: × has no place in ASCII."""
    done = nnjax_command("--help", env={"PYTHONIOENCODING": "ascii", "PATH": "", "PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stderr) == (0, "")
    assert "settings ? seeds ? folds" in done.stdout


def test_every_command_is_a_script_too():
    """scripts/NAME.py of the checkout, three lines for the same function."""
    for name in {*PROMISED, "compare", "distances"} - {"demo"}:
        lines = (ROOT / "scripts" / f"{name.replace('-', '_')}.py").read_text("utf-8").splitlines()
        assert lines[-1] == f'    entry.main("{name}")'
        assert importlib.import_module(entry.COMMANDS[name].module).run


def test_a_configuration_is_found_by_name_path_or_file_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config.find("mnist_mlp") == config.folder() / "mnist_mlp.py"
    assert config.find("configs/mnist_mlp.py") == config.folder() / "mnist_mlp.py"  # as it is typed in a checkout
    (tmp_path / "mnist_mlp.py").write_text("", encoding="utf-8")
    (tmp_path / "demo").mkdir()
    assert config.find("mnist_mlp.py") == pathlib.Path("mnist_mlp.py")  # one's own comes first
    assert config.find("demo") == config.folder() / "demo.py"
    with pytest.raises(UserError, match=r"No configuration named 'mnist_mpl' .*: did you mean mnist_mlp or"):
        config.find("mnist_mpl")
    with pytest.raises(UserError, match=r"No configuration named 'zzz' .*there are batch_size, .*--config=mine\.py"):
        config.find("zzz")
    with pytest.raises(UserError, match=r"'other/demo\.py' does not exist"):
        config.find("other/demo.py")


def test_shipped_configurations_are_listed_and_printed():
    listed = nnjax_command("configs").stdout.splitlines()
    assert [line.split()[0] for line in listed] == config.shipped()
    assert all(line.endswith(".") for line in listed)
    printed = nnjax_command("configs", "demo").stdout
    assert printed == (ROOT / "configs" / "demo.py").read_text("utf-8")
    two = nnjax_command("configs", "demo", "lenet")
    assert (two.returncode, two.stderr.count("\n")) == (2, 1)


COMPLETE = r"""
eval "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nnjax; echo "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def completion():
    return nnjax_command("completion", "bash").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="bash is not there")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["s"], "sweep study"),
        (["train", "--work"], "--workdir="),
        (["sweep", "--nore"], "--noreport"),
        (["train", "--config", "=", "mnist_m"], "mnist_mlp mnist_mlp_dropout"),  # as bash splits words
        (["train", "--config=mnist_m"], "mnist_mlp mnist_mlp_dropout"),  # as zsh does not
        (["train", "--config.model.wid"], "--config.model.widths="),
        (["completion", "z"], "zsh"),
        (["configs", "dem"], "demo"),
    ],
)
def test_bash_completes(completion, tmp_path, words, completed):
    command = ["bash", "-c", COMPLETE, "bash", completion, "nnjax", *words]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, check=True)
    assert (done.stdout, done.stderr) == (completed + "\n", "")


def test_completion_of_other_shells_names_commands_and_flags():
    fish = nnjax_command("completion", "fish").stdout
    assert "-a tune-lr" in fish
    assert "'__fish_seen_subcommand_from sweep' -l keep" in fish
    assert nnjax_command("completion", "zsh").stdout.startswith("autoload -Uz bashcompinit")
    wrong = nnjax_command("completion", "tcsh")
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "error: One shell was expected, bash, zsh, fish: nnjax completion bash.\n",
    )
