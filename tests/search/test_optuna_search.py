"""Adaptive search: what is asked and told, one run folder for all batches, and kills at every place."""

import importlib
import json
import os
import sys

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from populations import CLASSIFIER, StopAfter, blobs, resolve

import nnjax
from nnjax import Arm, Range, Space, UserError
from nnjax.core.fields import flatten, replace
from nnjax.runs.folder import FolderStore
from nnjax.search.optuna.journal import Journal, open_journal
from nnjax.search.optuna.samplers import make_sampler
from nnjax.search.optuna.search import search
from nnjax.search.optuna.session import _chunks
from nnjax.search.optuna.storage import open_study, quiet
from nnjax.search.optuna.study import AskTellStudy
from nnjax.spaces.space import Halving
from nnjax.train.host.population import Population, Stopped
from nnjax.train.layout.compilations import counter
from nnjax.train.layout.hardware_prices import Prices

AXES = {"learning_rate": Range(1e-3, 0.1, log=True), "widths": ((8,), (4, 4)), "seed": (0, 1)}
SPACE = Space(AXES, "adaptive", num=6, batch=3)
RATES = Space({"learning_rate": AXES["learning_rate"]}, "adaptive", num=4, batch=2)
MANY = Space(RATES.axes, "adaptive", num=24, batch=12)
EXPERIMENT = replace(CLASSIFIER, {"epochs": 2})


class Killed(BaseException):
    """As SIGKILL would: nothing is tidied up afterwards."""


def load_study(folder):
    backend = optuna.storages.journal.JournalFileBackend(str(folder / "study.log"))
    return optuna.load_study(study_name=folder.name, storage=optuna.storages.JournalStorage(backend))


def settings(folder):
    """What a study holds of each trial, without times."""
    return [
        (t.params, t.values, t.state, t.intermediate_values, t.user_attrs["nnjax:trials"])
        for t in load_study(folder).trials
    ]


def same(one, other):
    """Whether two run folders hold bitwise equal tables, curves, weights and studies."""
    names = ["curves.npz", *(f"checkpoints/{path.name}" for path in (one / "checkpoints").iterdir())]
    for name in names:
        with np.load(one / name) as a, np.load(other / name) as b:
            if set(a) != set(b) or not all(a[key].tobytes() == b[key].tobytes() for key in a):
                return False
    texts = [
        (one / name).read_text("utf-8") == (other / name).read_text("utf-8") for name in ("trials.csv", "config.json")
    ]
    return all(texts) and settings(one) == settings(other)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A search that nothing happens to: its run, folder, sentences, and the compilations before each sentence."""
    folder, said, compiled = tmp_path_factory.mktemp("runs") / "study", [], []

    def log(text):
        said.append(text)
        compiled.append(sum(counter().names[f"jit({name})"] for name in ("init", "train_segment", "evaluate")))

    run = search(EXPERIMENT, SPACE, workdir=folder, data=blobs(), log=log)
    return run, folder, said, compiled


def test_the_settings_are_in_the_space_and_of_its_types(undisturbed):
    run = undisturbed[0]
    assert len(run.specs) == 12
    for trial, spec in enumerate(run.specs):
        rate, widths = spec.experiment.hyperparameters.learning_rate, spec.experiment.model.widths
        assert type(rate) is float
        assert 1e-3 <= rate <= 0.1
        assert widths in ((8,), (4, 4))
        assert spec.experiment.seed == trial % 2
        base = flatten(resolve(EXPERIMENT, blobs()))
        changed = {path for path, value in flatten(spec.experiment).items() if value != base[path]}
        assert changed <= {"hyperparameters.learning_rate", "model.widths", "seed", *DEFAULTS}
    assert {record.status for record in run.records} == {"done"}


DEFAULTS = {f"hyperparameters.{name}" for name in ("b1", "b2", "epsilon")}


def test_the_study_is_told_the_mean_over_seeds_of_the_table(undisturbed):
    run, folder, _, _ = undisturbed
    table, study = run.table(), load_study(folder)
    assert [trial.user_attrs["nnjax:trials"] for trial in study.trials] == [[2 * i, 2 * i + 1] for i in range(6)]
    for trial in study.trials:
        rows = table.iloc[trial.user_attrs["nnjax:trials"]]
        assert trial.value == np.mean(rows.val_loss)
        assert trial.params["learning_rate"] == pytest.approx(rows.learning_rate.iloc[0], rel=1e-8)
        assert set(rows["model.widths"].astype(str)) == {trial.params["model.widths"].replace(",", " ")}


def test_the_dashboard_finds_all_it_shows(undisturbed):
    """States, values, parameters and learning curves, in a storage that is opened again."""
    run, folder, said, _ = undisturbed
    study = load_study(folder)
    assert study.metric_names == ["best_val_loss"]
    assert study.user_attrs["nnjax:run"] == str(folder)
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}
    curves = run.curves()["val_loss"]
    for trial in study.trials:
        mean = np.mean(curves[trial.user_attrs["nnjax:trials"]], axis=0)
        assert trial.intermediate_values == dict(enumerate(mean, 1))
        assert trial.user_attrs["nnjax:status"] == "done"
    assert f"optuna-dashboard {folder}/study.log" in said[-1]


def test_one_program_for_all_networks_and_nothing_is_compiled_again(undisturbed):
    run, folder, said, compiled = undisturbed
    batches = [number for text, number in zip(said, compiled, strict=True) if text.startswith("search: ")]
    assert len(batches) == 2
    plan = json.loads((folder / "environment.json").read_text("utf-8"))["plan"]
    assert sorted(trial for group in plan for trial in group["trials"]) == list(range(12))
    assert len({spec.experiment.model for spec in run.specs}) == 2  # in one envelope, that of the space
    assert len(plan) == 1
    first = {run.specs[trial].experiment.model for trial in range(6)}
    assert first == {spec.experiment.model for spec in run.specs}, "both widths must be in the first batch"
    assert batches[0] == batches[1]


def test_it_is_a_run_folder_like_any_other(undisturbed):
    run, folder, _, _ = undisturbed
    again = nnjax.load(folder)
    assert again.specs == run.specs
    assert again.table().equals(run.table())
    assert len(again.settings()) == 6
    assert again.outputs(blobs().x, trial=11).shape == (60, 3)


def test_the_same_call_again_does_nothing_and_a_larger_num_goes_on(undisturbed, tmp_path):
    folder, first = tmp_path / "study", Space(AXES, "adaptive", num=3, batch=3)
    search(EXPERIMENT, first, workdir=folder, data=blobs())
    before = (folder / "trials.csv").read_text("utf-8")
    search(EXPERIMENT, first, workdir=folder, data=blobs())
    assert (folder / "trials.csv").read_text("utf-8") == before
    search(EXPERIMENT, SPACE, workdir=folder, data=blobs())
    assert same(folder, undisturbed[1])


def test_half_a_line_that_a_kill_left_is_passed_over(tmp_path):
    path = tmp_path / "study.log"
    optuna.create_study(storage=open_journal(path), study_name="a").enqueue_trial({"x": 1})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":4,"wor')
    optuna.load_study(study_name="a", storage=open_journal(path)).set_user_attr("b", 2)
    assert path.read_bytes().startswith(whole)
    study = optuna.load_study(study_name="a", storage=open_journal(path))
    assert (study.user_attrs, len(study.trials)) == ({"b": 2}, 1)


def test_what_is_noted_together_is_written_once_and_read_as_what_others_wrote(tmp_path, monkeypatch):
    """Lines of a block are those that Optuna's own backend writes, after what another process noted before."""
    paths, synced = [tmp_path / name for name in ("together.log", "apart.log")], []
    studies = [
        optuna.create_study(storage=open_journal(paths[0]), study_name="a"),
        optuna.create_study(
            storage=optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(paths[1]))),
            study_name="a",
        ),
    ]
    for path in paths:
        optuna.load_study(study_name="a", storage=open_journal(path)).enqueue_trial({"x": 1.0})
    asked = AskTellStudy(studies[0], {"x": optuna.distributions.FloatDistribution(0, 2)}, 0, None)
    with asked.together():
        monkeypatch.setattr(os, "fsync", synced.append)
        for study in studies:
            trial = study.ask()
            assert (trial.number, trial.suggest_float("x", 0, 2)) == (0, 1.0)
            for step in range(5):
                trial.report(step / 2, step)
        studies[0].tell(0, 0.5)
        assert len(synced) == 7  # of the other one: the trial, x, five values
    studies[1].tell(0, 0.5)
    for study in studies:
        study.set_user_attr("b", 2)
    known = [optuna.load_study(study_name="a", storage=open_journal(path)) for path in paths]
    assert [one.user_attrs for one in known] == [{"b": 2}] * 2
    found = [(t.number, t.params, t.value, t.intermediate_values) for one in known for t in one.trials]
    assert found == [(0, {"x": 1.0}, 0.5, {step: step / 2 for step in range(5)})] * 2
    without = ("worker_id", "datetime_start", "datetime_complete")
    logs = [[json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in paths]
    one, other = ([{k: v for k, v in log.items() if k not in without} for log in own] for own in logs)
    assert one == other


def test_a_batch_of_settings_is_asked_for_and_told_at_once(tmp_path, monkeypatch):
    """A study's file is written once to ask for a batch and once to tell it, and locked for sixteen at the most."""
    written, write = [], Journal._write_held
    monkeypatch.setattr(Journal, "_write_held", lambda self: (written.append(len(self._held)), write(self)))
    search(EXPERIMENT, Space(RATES.axes, "adaptive", num=2, batch=2), workdir=tmp_path / "run", data=blobs())
    assert len(written) == 2
    assert list(map(len, _chunks(range(35)))) == [16, 16, 3]


@pytest.mark.parametrize("text", [b"my notes", b"{}\nnotes", b'{"op": 1}', b"a\nb\n"])
def test_a_text_that_is_no_journal_stays_as_it_is(text, tmp_path):
    path = tmp_path / "notes.log"
    path.write_bytes(text)
    with pytest.raises(UserError, match=r"notes\.log cannot be used"):
        open_study(path, "a", make_sampler(None, 0), "val_loss", {})
    assert path.read_bytes() == text


@pytest.mark.parametrize("damage", ["a line", "the last line", "a folder"])
def test_a_damaged_journal_is_one_sentence(damage, tmp_path):
    path = tmp_path / "study.log"
    optuna.create_study(storage=open_journal(path), study_name="a").enqueue_trial({"x": 1})
    lines = path.read_bytes().splitlines(keepends=True)
    if damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(b"".join([lines[0], b"garbage\n", *lines[1:]] if damage == "a line" else [*lines, b"x\n"]))
    with pytest.raises(UserError, match=rf"The storage {path} cannot be used \(.*expected was a journal of Optuna's"):
        open_study(path, "a", make_sampler(None, 0), "val_loss", {})


PLACES = {
    "in the middle of a segment": ("nnjax.train.host.progress", "measure", 2),
    "between asking and training": ("nnjax.runs.folder.FolderStore", "grow", 1),
    "between the table and config.json": ("nnjax.runs.folder.FolderStore", "write_json", 4),
    "while a setting is half asked for": ("optuna.Trial", "suggest_categorical", 4),
    "between a setting and its mark": (AskTellStudy, "keep", 3),
    "between training and telling": (AskTellStudy, "tell", 0),
    "in the middle of telling": (AskTellStudy, "tell", 4),
    "between telling and asking": (AskTellStudy, "suggestions", 2),
}


MARKS = [pytest.mark.slow if i % 2 else () for i in range(len(PLACES))]


@pytest.mark.parametrize("place", [pytest.param(*pair[:1], marks=pair[1]) for pair in zip(PLACES, MARKS, strict=True)])
def test_killed_anywhere_it_ends_like_the_undisturbed_one(place, undisturbed, tmp_path, monkeypatch):
    """The n-th call of a function kills the search; the same command then goes on."""
    owner, name, calls = PLACES[place]
    folder, count = tmp_path / "study", iter(range(1000))
    if isinstance(owner, str):
        module, _, cls = owner.rpartition(".")
        owner = getattr(importlib.import_module(module), cls)
    before = getattr(owner, name)

    def dying(*arguments, **options):
        if next(count) == calls:
            raise Killed
        return before(*arguments, **options)

    monkeypatch.setattr(owner, name, dying)
    with pytest.raises(Killed):
        search(EXPERIMENT, SPACE, workdir=folder, data=blobs())
    monkeypatch.undo()
    finished = {t.number: t.datetime_complete for t in load_study(folder).trials if t.state.is_finished()}
    search(EXPERIMENT, SPACE, workdir=folder, data=blobs())
    assert same(folder, undisturbed[1])
    assert finished.items() <= {t.number: t.datetime_complete for t in load_study(folder).trials}.items()


def test_stopped_in_mid_batch_it_goes_on_bit_for_bit(undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 2)
    folder = tmp_path / "study"
    with pytest.raises(Stopped):
        search(EXPERIMENT, SPACE, workdir=folder, data=blobs(), should_stop=StopAfter(2))
    assert (folder / "checkpoints" / "chunk.npz").exists()
    other = Prices(compiling=1e9 if len(FolderStore(folder).read_plan()) > 1 else 0.0)
    monkeypatch.setattr("nnjax.train.layout.merging.read_prices", lambda: other)  # which would merge otherwise
    search(EXPERIMENT, SPACE, workdir=folder, data=blobs())
    assert same(folder, undisturbed[1])


@pytest.fixture
def quick(monkeypatch):
    """Train nothing: a trial's loss is (log10 of its rate + 2)^2, and it diverges above .08."""

    def run(self):
        for spec in self.specs:
            rate, record = spec.experiment.hyperparameters.learning_rate, self.records[spec.id]
            record.status, record.epochs = "diverged" if rate > 0.08 else "done", 1
            loss = (np.log10(rate) + 2) ** 2
            record.values = {"val_loss": loss, "best_val_loss": loss, "test_loss": loss, "val_accuracy": rate}
            record.curves = {"val_loss": np.array([record.values["val_loss"]])}
            self.store.save_weights({spec.id: {}})
        self.store.save_records(self.specs, self.records)
        return self.records

    monkeypatch.setattr(Population, "run", run)
    monkeypatch.setattr(Population, "evaluate_chosen", lambda self: None)


def rates(run):
    return [spec.experiment.hyperparameters.learning_rate for spec in run.specs]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "name", ["tpe", "cmaes", *(pytest.param(name, marks=pytest.mark.slow) for name in ("qmc", "random"))]
)
def test_a_sampler_of_a_name_or_an_object_goes_on_as_if_nothing_had_happened(name, tmp_path):
    """Half of the batches in one process and half in the next, a sampler of its own in each, ask the same."""
    whole = search(EXPERIMENT, MANY, sampler=name, data=blobs())
    half = Space(RATES.axes, "adaptive", num=12, batch=12)
    for space in (half, MANY):
        with quiet():
            sampler = make_sampler(name, 0)
        run = search(EXPERIMENT, space, sampler=sampler, data=blobs(), workdir=tmp_path / "run")
    assert rates(run) == rates(whole)
    assert len(set(rates(run))) == 24
    other = search(EXPERIMENT, Space(RATES.axes, "adaptive", 24, 1, batch=12), sampler=name, data=blobs())
    assert not set(rates(other)) & set(rates(whole))


@pytest.mark.usefixtures("quick")
def test_it_learns_and_diverged_settings_have_failed():
    """On a parabola TPE's last quarter lies nearer its minimum at .01 than the draws that it began with."""
    storage = optuna.storages.InMemoryStorage()
    space = Space(RATES.axes, "adaptive", num=48, batch=8)
    run = search(EXPERIMENT, space, data=blobs(), storage=storage, study_name="mine")
    far = np.abs(np.log10(rates(run)) + 2)
    assert np.mean(far[-12:]) < np.mean(far[:12])
    trials = optuna.load_study(study_name="mine", storage=storage).trials
    failed = {trial.number for trial in trials if trial.state == TrialState.FAIL}
    assert failed == {i for i, rate in enumerate(rates(run)) if rate > 0.08}
    assert failed


@pytest.mark.usefixtures("quick")
def test_an_accuracy_is_maximized(tmp_path):
    search(EXPERIMENT, RATES, data=blobs(), metric="val_accuracy", workdir=tmp_path / "run")
    study = load_study(tmp_path / "run")
    assert study.direction.name == "MAXIMIZE"
    assert study.best_value == max(trial.value for trial in study.trials if trial.state == TrialState.COMPLETE)


@pytest.mark.usefixtures("quick")
def test_a_journal_and_whole_numbers_and_arms_and_lists_of_one(tmp_path):
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal.log"))
    storage = optuna.storages.JournalStorage(backend)
    axes = {"learning_rate": (0.01,), "batch_size": Range(2.2, 9.9), "shuffle": (True, False)}
    arms = {"long": Arm({"epochs": 3}), "short": Arm({"epochs": 1})}
    space = Space(axes, "adaptive", num=20, batch=10, arms=arms)
    run = search(EXPERIMENT, space, storage=storage, data=blobs(), workdir=tmp_path / "run", study_name="a")
    assert {type(spec.experiment.batch_size) for spec in run.specs} == {int}
    assert {spec.experiment.batch_size for spec in run.specs} <= set(range(2, 11))
    assert {(spec.arm, spec.experiment.epochs) for spec in run.specs} == {("long", 3), ("short", 1)}
    assert {spec.experiment.shuffle for spec in run.specs} == {True, False}
    assert not (tmp_path / "run" / "study.log").exists()
    study = optuna.load_study(study_name="a", storage=storage)
    assert set(study.trials[0].params) == {"batch_size", "shuffle", "arm"}
    assert len(study.trials) == 20


@pytest.mark.usefixtures("quick")
def test_a_setting_asked_for_twice_is_trained_once():
    space = Space({"learning_rate": (0.01, 0.02)}, "adaptive", num=8, batch=4)
    storage = optuna.storages.InMemoryStorage()
    run = search(EXPERIMENT, space, data=blobs(), storage=storage, study_name="two")
    assert sorted(rates(run)) == [0.01, 0.02]
    assert len(optuna.load_study(study_name="two", storage=storage).trials) == 8


@pytest.mark.usefixtures("quick")
def test_a_sampler_that_has_no_more_ends_the_search():
    sampler = optuna.samplers.GridSampler({"learning_rate": [0.01, 0.02, 0.03]})
    space = Space({"learning_rate": (0.01, 0.02, 0.03)}, "adaptive", num=9, batch=3)
    run = search(EXPERIMENT, space, data=blobs(), sampler=sampler)
    assert sorted(rates(run)) == [0.01, 0.02, 0.03]


@pytest.mark.usefixtures("quick")
def test_settings_enqueued_by_hand_come_first_and_impossible_ones_are_left_out():
    storage, said = optuna.storages.InMemoryStorage(), []
    with quiet():
        study = optuna.create_study(storage=storage, study_name="mine")
    study.enqueue_trial({"learning_rate": 0.05})
    study.enqueue_trial({"learning_rate": 5.0})
    study.enqueue_trial({"momentum": 0.5})
    run = search(EXPERIMENT, RATES, data=blobs(), storage=storage, study_name="mine", log=said.append)
    assert rates(run)[0] == 0.05
    assert len(rates(run)) == 4
    assert [text for text in said if "left out" in text] == [
        "warning: A setting is left out: it was enqueued with learning_rate=5.0, but 0.001 to 0.1, logarithmic was "
        "expected",
        "warning: A setting is left out: it was enqueued with momentum=0.5, but one of learning_rate was expected",
    ]


@pytest.mark.usefixtures("quick")
def test_what_should_be_known_is_said(capfd):
    """And nothing of Optuna's log is."""
    said = []
    space = Space({**RATES.axes, "epochs": (1, 2)}, "adaptive", num=4, batch=2)
    tested = replace(EXPERIMENT, {"evaluate_test": "all"})
    search(tested, space, data=blobs(), sampler="cmaes", metric="test_loss", log=said.append)
    assert said[0].startswith("warning: The search chooses by test_loss")
    assert said[1] == "remark: The sampler cmaes learns of ranges only; it draws epochs at random."
    assert said[3].startswith("search: 4 of 4 settings evaluated; best so far: test_loss")
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("quick")
def test_sweep_takes_the_mode_too():
    assert len(nnjax.sweep(EXPERIMENT, RATES, data=blobs()).specs) == 4


@pytest.mark.usefixtures("quick")
def test_a_loop_of_ones_own():
    """As in the module's docstring."""
    with quiet():
        study = optuna.create_study()
    while len(study.trials) < 4:
        asked = [study.ask() for _ in range(2)]
        found = [trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True) for trial in asked]
        sizes = [trial.suggest_categorical("batch_size", [8, 16]) for trial in asked]
        axes = {"learning_rate": found, "batch_size": sizes}
        run = nnjax.sweep(EXPERIMENT, Space(axes, mode="zip"), data=blobs())
        for trial, record in zip(asked, run.records, strict=True):
            study.tell(trial, record.values["val_loss"])
    assert [spec.experiment.batch_size for spec in run.specs] == sizes


def ask(space=RATES, experiment=EXPERIMENT, **options):
    return search(experiment, space, data=blobs(), **options)


LOSSES = Space({"loss": ("mean_squared_error", "categorical_crossentropy")}, "adaptive")
MISTAKES = [
    ({"sampler": "tpee"}, "sampler is 'tpee', but one of tpe, cmaes, gp, qmc, random or a sampler"),
    ({"sampler": 3}, "sampler is 3"),
    ({"metric": "val_losss"}, "metric is 'val_losss', but one of val_loss, "),
    (
        {"space": LOSSES},
        "loss is an axis of the space, so that best_val_loss is not one scale; .* such as val_accuracy",
    ),
    ({"space": Space({"learning_rate": (0.1,), "seed": (0, 1)}, "adaptive")}, "nothing to ask for"),
    ({"space": Space(RATES.axes, "adaptive", num=8, batch=9)}, "batch of 9 settings is larger than .* num=8"),
    ({"space": Space(RATES.axes, "adaptive", num=0)}, "num=0"),
    ({"space": Space(RATES.axes, "adaptive", draw_seed=-1)}, "draw_seed is -1"),
    ({"space": Space(RATES.axes, "adaptive", halving=Halving())}, "to its end, but halving was asked for"),
    ({"space": Space(RATES.axes, "adaptive", times=(Space({"seed": (1,)}),))}, "one space, but others multiply it"),
    ({"space": Space(AXES, "adaptive", arms={"a": Arm(), "b": Arm({}, "a")})}, "'b' starts from 'a', but in mode"),
    ({"space": Space({"fold": Range(0, 1)}, "adaptive")}, "data.fold is averaged over .a replicate., so list"),
    ({"space": Space({"lerning_rate": (0.1, 0.2)}, "adaptive")}, "did you mean hyperparameters.learning_rate"),
    ({"space": Space({"learning_rate": 0.1}, "adaptive")}, "but a list of values was expected"),
    ({"space": Space({"momentum": Range(0.1, 0.9)}, "adaptive")}, "momentum=0.1 is set, but neither"),
    ({"storage": "nonsense"}, "storage 'nonsense' cannot be used .*sqlite:///study.db"),
    ({"storage": "mysql://me:secret@nowhere/db"}, r"storage mysql://me:\*\*\*@nowhere/db cannot be used"),
    ({"storage": "sqlite:////proc/none/study.db"}, "unable to open database file"),
    ({"storage": "redis://localhost"}, "cannot be used"),
]


@pytest.mark.parametrize(("options", "words"), MISTAKES)
def test_mistakes_make_no_folder(options, words, tmp_path):
    with pytest.raises(UserError, match=words):
        ask(**options, workdir=tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"space": Space({"learning_rate": Range(1e-3, 0.2)}, "adaptive")}, r"another space \(learning_rate: 0.001 to"),
        ({"space": Space({**RATES.axes, "epochs": (1, 2)}, "adaptive")}, r"another space \(without epochs\)"),
        ({"metric": "val_accuracy"}, "optimizes best_val_loss, but val_accuracy was asked for"),
        ({"experiment": replace(EXPERIMENT, {"epochs": 3})}, r"belongs to another experiment \(epochs: 2 → 3"),
        ({"space": Space({**RATES.axes, "seed": (0, 1)}, "adaptive")}, r"belongs to another .*seed: 0 → 0, 1"),
        ({"storage": "sqlite://"}, "has 0 trials of this run, but .* has 4"),
    ],
)
def test_another_search_in_the_same_folder_is_refused(options, words, tmp_path):
    ask(workdir=tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()}
    with pytest.raises(UserError, match=words):
        ask(**options, workdir=tmp_path / "run")
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()} == before


@pytest.mark.usefixtures("quick")
def test_a_study_of_another_run_folder_is_refused(tmp_path):
    storage = f"sqlite:///{tmp_path / 'all.db'}"
    ask(workdir=tmp_path / "one", storage=storage, study_name="mine")
    with pytest.raises(UserError, match=f"'mine' belongs to the run folder {tmp_path / 'one'}, not to"):
        ask(workdir=tmp_path / "two", storage=storage, study_name="mine")
    assert not (tmp_path / "two").exists()
    ask(workdir=tmp_path / "two", storage=storage)
    assert optuna.get_all_study_names(storage) == ["mine", "two"]


@pytest.mark.usefixtures("quick")
def test_a_sweep_of_another_mode_in_the_folder_is_refused(tmp_path):
    nnjax.sweep(EXPERIMENT, workdir=tmp_path / "run", data=blobs())
    with pytest.raises(UserError, match=r"has no study\.log: it was not begun by a search of mode adaptive"):
        ask(workdir=tmp_path / "run")


def test_packages_that_are_not_installed_are_named(monkeypatch):
    for absent, sampler, words in (
        ("torch", "gp", "The sampler gp needs torch, which is not installed: pip install torch"),
        ("cmaes", "cmaes", r"The sampler cmaes needs cmaes, which is not installed: pip install 'nnjax\[optuna\]'"),
        ("optuna", None, r"Mode adaptive needs optuna, which is not installed: pip install 'nnjax\[optuna\]'"),
    ):
        monkeypatch.setitem(sys.modules, absent, None)
        with pytest.raises(UserError, match=words):
            ask(sampler=sampler)
