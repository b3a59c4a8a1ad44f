"""Reading configuration files; how mistakes in them read is in tests/scripts/test_mistakes.py."""

import pathlib
import types

import pytest

from nnjax.cli import config, main
from nnjax.cli.study import Study
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space

CONFIGS = sorted((pathlib.Path(__file__).parents[2] / "configs").glob("*.py"))


MINE = '''"""Mine.

More."""
from nnjax import *


def get_config():
    return Experiment(epochs=2, model=ModelConfig(widths=[8]))


def get_space():
    return Space({"learning_rate": (1, 2)}, arms={"a": Arm({"epochs": 3})})
'''


def test_a_tilde_is_the_home_folder(monkeypatch):
    """Bash does not replace it in --workdir=~/runs; a folder called ~ in the working folder would be a trap."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert config.require(["train.py"], "~/a.py", "~/runs") == ("/home/me/a.py", "/home/me/runs")
    assert config.require(["train.py"], "a.py", "runs/~") == ("a.py", "runs/~")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_of_the_repository_expands(path):
    module = config.load_config(str(path))
    if hasattr(module, "get_study"):
        assert isinstance(config.study_of(module), Study)
        return
    experiment, space = config.experiment_of(module), config.space_of(module)
    assert isinstance(experiment, Experiment)
    assert len(expand(experiment, space)) >= 1
    assert config.title_of(module).endswith((".", ")"))
    assert f"--config={path.stem} " in module.__doc__


def test_the_command_line_has_the_last_word(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(MINE, "utf-8")
    module = config.load_config(str(path))
    assert config.experiment_of(module).model.widths == (8,)
    assert config.title_of(module) == "Mine."
    monkeypatch.setattr(main, "_overrides", {"config": {"epochs": "5", "learning_rate": "0.1"}})
    [spec] = expand(config.experiment_of(module), config.space_of(module))
    assert (spec.experiment.epochs, spec.experiment.hyperparameters.learning_rate) == (5, 0.1)
    monkeypatch.setattr(main, "_overrides", {"space": {"learning_rate": "3,4,5"}})
    assert len(expand(config.experiment_of(module), config.space_of(module))) == 3


def test_a_file_without_a_space_or_a_docstring(tmp_path):
    path = tmp_path / "plain.py"
    path.write_text("from nnjax import Experiment\n\ndef get_config():\n    return Experiment()\n", "utf-8")
    module = config.load_config(str(path))
    assert config.space_of(module) == Space()
    assert config.title_of(module) == ""


def test_a_mistake_inside_a_file_names_its_deepest_line(tmp_path):
    path = tmp_path / "deep.py"
    path.write_text("def helper():\n    return [][1]\n\ndef get_config():\n    return helper()\n", "utf-8")
    with pytest.raises(UserError, match=r"deep.py has a mistake in line 2: IndexError: list index out of range\."):
        config.experiment_of(config.load_config(str(path)))


def test_a_study_is_no_experiment_and_an_experiment_no_study(tmp_path):
    study, plain, wrong = tmp_path / "asked.py", tmp_path / "plain.py", tmp_path / "wrong.py"
    study.write_text(
        "class Study:\n    def run(self, workdir, log): ...\n\ndef get_study():\n    return Study()\n", "utf-8"
    )
    plain.write_text("from nnjax import Experiment\n\ndef get_config():\n    return Experiment()\n", "utf-8")
    wrong.write_text("def get_study():\n    return 3\n", "utf-8")
    assert hasattr(config.study_of(config.load_config(str(study))), "run")
    with pytest.raises(UserError, match=r"asked.py describes a study, not a training: `nnjax study` runs it\."):
        config.experiment_of(config.load_config(str(study)))
    with pytest.raises(UserError, match=r"plain.py describes a training, not a study: `nnjax train` or"):
        config.study_of(config.load_config(str(plain)))
    with pytest.raises(UserError, match=r"wrong.py has a mistake: get_study\(\) gives 3, but a study was expected\."):
        config.study_of(config.load_config(str(wrong)))


@pytest.mark.parametrize(
    ("flags", "given", "title"),
    [
        ({}, None, "Mine."),
        ({"epochs": "3"}, None, "Mine."),
        ({"data.name": "moons"}, None, ""),  # "Mine." speaks of other data: the report makes a title of the run
        ({"widths": "8"}, None, ""),
        ({"data.name": "moons"}, "Yours", "Yours"),
        ({}, "", ""),
    ],
)
def test_a_title_is_the_file_s_first_line_while_that_is_true(monkeypatch, flags, given, title):
    module = types.ModuleType("mine", "Mine.\n\nMore.")
    monkeypatch.setattr(config.main, "_overrides", {"config": flags})
    assert config.title_of(module, given) == title
