"""The run folder: what is written comes back, in one piece or not at all, and nothing foreign is touched."""

import contextlib
import errno
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import jax
import numpy as np
import pytest
from populations import CLASSIFIER, blobs, specs_of
from systems import posix

import nnjax
from nnjax.checks.finding import Finding
from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, TrialSpec
from nnjax.core.fields import replace
from nnjax.data import prepare_loaded
from nnjax.runs import config_json, folder, trials_csv
from nnjax.runs.folder import FolderStore
from nnjax.runs.lock import FolderLock
from nnjax.train.storage import npz
from nnjax.train.storage.records import DIVERGED, DONE, RUNNING, WAITING, Record
from nnjax.verify.retraining import retrial

SPECS = specs_of(CLASSIFIER, {"learning_rate": (0.1, 0.2), "seed": (0, 1)})
FACTS = {CLASSIFIER.data: prepare_loaded(blobs(), CLASSIFIER.data).facts()}
FINDINGS = [("a", Finding("code", "warning", "It is so.", "Do this."))]


@pytest.fixture
def begun():
    """Begin a run folder, and let go of it at the end of the test; gives the store and the records found."""
    stores = []

    def begin(path, specs=SPECS, facts=FACTS, log=None):
        stores.append(FolderStore(path, log))
        return stores[-1], stores[-1].begin(CLASSIFIER, specs, facts, FINDINGS, "A title")

    yield begin
    for store in stores:
        store.release()


def records():
    """One trial of each kind; curves are float64 as the records hold them."""
    curve = np.array([0.1, 1 / 3, 0.7], np.float32).astype(float)
    return [
        Record(DONE, 3, {"val_loss": 0.7, "best_epoch": 1.0}, {"val_loss": curve}, "It has overfitted.", 1.5),
        Record(DIVERGED, 1, {"diverged_at_step": 9.0, "val_loss": 0.1}, {"val_loss": curve[:1]}, "", 0.5),
        Record(RUNNING, 2, {}, {"val_loss": curve[:2]}),
        Record(WAITING),
    ]


def test_a_new_folder_is_made_with_its_parents_and_tells_all(tmp_path, begun):
    store, found = begun(tmp_path / "runs" / "one")
    assert [record.status for record in found] == [WAITING] * 4
    config = store.read_config()
    assert (config.base, config.specs, config.title) == (CLASSIFIER, SPECS, "A title")
    facts, findings = store.read_facts()
    assert findings == FINDINGS
    [(config, fact)] = facts.items()
    expected = FACTS[config]
    assert fact.x_scaler(np.ones(4)).tolist() == expected.x_scaler(np.ones(4)).tolist()
    for name in ("name", "sha256", "task", "classes", "features", "sizes", "num_inputs", "recipe"):
        assert getattr(fact, name) == getattr(expected, name)


def test_records_come_back_bit_for_bit(tmp_path, begun):
    store, _ = begun(tmp_path)
    store.save_records(SPECS, records())
    store.note_environment({"plan": [], "trial_seconds": [1.5, 0.5, 0.0, 0.0]}, 2.0)
    again = store.read_records(SPECS)
    for old, new in zip(records(), again, strict=True):
        assert (new.status, new.epochs, new.values, new.verdict) == (old.status, old.epochs, old.values, old.verdict)
        assert new.seconds == old.seconds
        for name, curve in old.curves.items():
            np.testing.assert_array_equal(new.curves[name], curve)
    before = (tmp_path / "trials.csv").read_bytes()
    store.save_records(SPECS, again)
    assert (tmp_path / "trials.csv").read_bytes() == before


def test_what_a_file_holds_already_is_not_written_again(tmp_path, begun, monkeypatch):
    store, _ = begun(tmp_path)
    store.save_records(SPECS, records())
    written = []
    monkeypatch.setattr("nnjax.runs.files.write_atomically", lambda path, data: written.append(path.name))
    store.save_records(SPECS, records())
    assert written == []
    store.save_records(SPECS, records()[::-1])
    assert {"curves.npz", "trials.csv"} <= set(written)
    written.clear()
    (tmp_path / "trials.csv").write_bytes((tmp_path / "trials.csv").read_bytes()[:-2] + b"9\n")  # as long
    (tmp_path / "config.json").unlink()
    store.save_records(SPECS, records())
    store.write("config.json", "{}")
    assert written == ["trials.csv", "config.json"]


def test_the_table_shows_what_varies():
    specs = specs_of(CLASSIFIER, {"widths": ((8,), (4, 2)), "shuffle": (True, False)})
    lines = trials_csv.to_text(specs, [Record()] * 4).splitlines()
    assert lines[0] == "trial,arm,status,seed,fold,epochs,model.widths,learning_rate,b1,b2,epsilon,shuffle,verdict"
    assert lines[1] == "0,,waiting,0,,0,8,0.01,0.9,0.999,1e-08,True,"
    assert lines[4].startswith("3,,waiting,0,,0,4 2,0.01")


def test_the_same_trials_resume_and_others_are_refused(tmp_path, begun):
    store, _ = begun(tmp_path)
    store.release()
    begun(tmp_path)[0].release()
    before = sorted(os.listdir(tmp_path))
    others = specs_of(replace(CLASSIFIER, {"epochs": 9}), {"learning_rate": (0.1, 0.3)})
    with pytest.raises(UserError, match=r"another experiment \(hyperparameters.learning_rate: 0.1, 0.2 → 0.1, 0.3;"):
        FolderStore(tmp_path).refuse_unfit(others)
    with pytest.raises(UserError, match="epochs: 4 → 9; seed: 0, 1 → 0; trials: 4 → 2"):
        begun(tmp_path, others)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (SPECS, []),
        (SPECS[:3], ["trials: 4 → 3"]),
        ([*SPECS[:2], SPECS[3], SPECS[2]], ["the same values are combined in another way"]),
        ([TrialSpec(s.id, s.experiment, "x") for s in SPECS], ["arm: '' → 'x'"]),
        (specs_of(CLASSIFIER, {"seed": range(9)})[:4], None),
    ],
)
def test_differences(new, what):
    found = config_json.differences(SPECS, new)
    if what is None:
        what = ["hyperparameters.learning_rate: 0.1, 0.2 → 0.01", "seed: 0, 1 → 0, 1, 2, 3"]
    assert found == what


def test_a_folder_of_something_else_is_left_alone(tmp_path, begun):
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(UserError, match=r"something else \(such as thesis.txt\)"):
        begun(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_a_folder_may_be_empty_hidden_files_do_not_count(tmp_path, begun):
    (tmp_path / ".DS_Store").write_text("", "utf-8")
    begun(tmp_path)


def test_a_folder_that_was_hardly_begun_is_begun_again(tmp_path, begun):
    """Killed before config.json, which is written last."""
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "data.json").write_text("{", "utf-8")
    (tmp_path / ".config.json.99.tmp").write_text("{", "utf-8")
    store, _ = begun(tmp_path)
    assert store.read_facts()[1] == FINDINGS
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_lock_of_optuna_that_a_kill_left_half_released_is_removed(tmp_path, begun):
    from optuna.storages.journal import JournalFileOpenLock

    lock = JournalFileOpenLock(str(tmp_path / "study.log"))
    lock.acquire()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            lock.release()
    [left] = tmp_path.iterdir()
    store, _ = begun(tmp_path)
    assert not left.exists()
    store.release()


def killed(*_):
    raise KeyboardInterrupt


def test_a_file_or_what_is_inside_a_file_is_refused(tmp_path, begun):
    (tmp_path / "file").write_text("mine", "utf-8")
    with pytest.raises(UserError, match="file is a file; name a folder"):
        begun(tmp_path / "file")
    with pytest.raises(UserError, match=r"run lies in the file .*file; name a folder"):
        begun(tmp_path / "file" / "run")


def test_one_process_at_a_time(tmp_path, begun):
    store, _ = begun(tmp_path)
    with pytest.raises(UserError, match="Another process is using the workdir"):
        begun(tmp_path)
    store.release()
    begun(tmp_path)


HOLD = """
import pathlib, sys
from nnjax.runs.lock import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]), print)
lock.take()
print("taken", flush=True)
sys.stdin.read()
"""


def test_a_process_that_was_killed_leaves_no_lock(tmp_path, begun):
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout.readline() == "taken\n"
        with pytest.raises(UserError, match="Another process is using the workdir"):
            begun(tmp_path)
        process.kill()
    begun(tmp_path)


@posix
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_warned_of(tmp_path, begun, monkeypatch, number):
    """What Lustre and NFS may answer."""

    def flock(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    store, found = begun(tmp_path)
    assert [record.status for record in found] == [WAITING] * 4
    assert store.messages == [
        f"warning: The file system of the workdir {tmp_path} cannot lock files ({os.strerror(number)}): see to it that "
        "one process at a time uses it."
    ]


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_on_windows_a_lock_is_released_before_its_file_is_removed(tmp_path, monkeypatch, platform):
    """Windows removes no open file; elsewhere nobody can take the lock in between."""
    lock, remove, held = FolderLock(tmp_path / "run", print), pathlib.Path.unlink, []

    def unlink(path, **options):
        held.append(lock._lock.is_locked)
        remove(path, **options)

    lock.take()
    monkeypatch.setattr(pathlib.Path, "unlink", unlink)
    monkeypatch.setattr("sys.platform", platform)
    lock.undo(())
    assert held == [platform == "linux"]
    assert not (tmp_path / "run").exists()


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("looked", [True, False])
def test_who_loses_the_race_for_a_folder_removes_nothing(tmp_path, begun, monkeypatch, held, looked):
    """The winner comes before or after the loser has made the folder, and still holds it or has let go of it."""
    winner, make, left = FolderStore(tmp_path / "run"), FolderLock._make_folder, {}

    def race(lock):
        if lock is winner._lock:
            return make(lock)
        made = make(lock) if looked else None
        others = specs_of(CLASSIFIER, {"learning_rate": (0.5,)})
        if not left:
            winner.begin(CLASSIFIER, others, FACTS, FINDINGS, "The winner's")
            (tmp_path / "run" / "study.log").write_text("a study", "utf-8")
            held or winner.release()
            left.update(files_of(tmp_path / "run"))
        return made if looked else make(lock)

    monkeypatch.setattr(FolderLock, "_make_folder", race)
    with pytest.raises(UserError, match="Another process is using" if held else "belongs to another experiment"):
        begun(tmp_path / "run")
    assert {"config.json", "data.json", "study.log"} <= left.keys()
    assert files_of(tmp_path / "run") == left
    expected = pytest.raises(UserError, match="Another process is using") if held else contextlib.nullcontext()
    with expected, FolderStore(tmp_path / "run").taken():  # by a search
        pass
    winner.release()
    assert files_of(tmp_path / "run") == left


def test_a_folder_that_another_process_removes_meanwhile_is_made_again(tmp_path, begun, monkeypatch):
    make, removed = FolderLock._make_folder, []

    def removing(lock):
        made = make(lock)
        if not removed:
            removed.append(os.rmdir(tmp_path / "run"))
        return made

    monkeypatch.setattr(FolderLock, "_make_folder", removing)
    begun(tmp_path / "run")
    assert removed
    assert (tmp_path / "run" / "config.json").is_file()


def test_what_a_failed_beginning_made_in_an_empty_folder_is_removed(tmp_path, monkeypatch, begun):
    (tmp_path / ".DS_Store").write_text("", "utf-8")
    write = FolderStore.write_json
    monkeypatch.setattr(
        FolderStore, "write_json", lambda s, n, c: full_disk() if n == "config.json" else write(s, n, c)
    )
    with pytest.raises(OSError, match="No space left"):
        begun(tmp_path)
    assert set(os.listdir(tmp_path)) <= {".DS_Store", ".lock"}


def test_weights_of_the_users_own_are_left_alone(tmp_path):
    store = FolderStore(tmp_path, keep=1)
    for name in ("weights_mine.npz", "weights_7.npz", "weights_00001.npz", "weights_00002.npz", "weights_100000.npz"):
        (tmp_path / "checkpoints").mkdir(exist_ok=True)
        (tmp_path / "checkpoints" / name).write_bytes(b"")
    store.keep_weights({2})
    assert set(os.listdir(tmp_path / "checkpoints")) == {"weights_mine.npz", "weights_7.npz", "weights_00002.npz"}


def test_states_that_a_kill_left_are_removed_when_all_has_ended(tmp_path):
    """Killed after trials.csv, before its checkpoints were removed: the next call finds nothing to train."""
    left = ("chunk.npz", "chunk_previous.npz", "chunk_next.npz", "paused_000000012_00001.npz")
    for _ in range(2):
        nnjax.sweep(CLASSIFIER, {"seed": (0, 1)}, workdir=tmp_path, data=blobs())
        assert sorted(os.listdir(tmp_path / "checkpoints")) == ["weights_00000.npz", "weights_00001.npz"]
        for name in left:
            (tmp_path / "checkpoints" / name).write_bytes(b"")
    (tmp_path / "checkpoints" / "paused_mine.npz").write_bytes(b"")
    nnjax.sweep(CLASSIFIER, {"seed": (0, 1)}, workdir=tmp_path, data=blobs())
    assert sorted(os.listdir(tmp_path / "checkpoints"))[0] == "paused_mine.npz"


def test_seconds_do_not_follow_the_wall_clock(tmp_path, monkeypatch):
    clock = iter(range(10**9, 0, -(10**6)))
    monkeypatch.setattr("time.time", lambda: float(next(clock)))
    nnjax.sweep(CLASSIFIER, {"seed": (0,)}, workdir=tmp_path, data=blobs())
    [seconds] = json.loads((tmp_path / "environment.json").read_text("utf-8"))["sessions"]
    assert 0 <= seconds < 600


def test_a_lock_is_released_by_any_thread(tmp_path, begun):
    store, _ = begun(tmp_path)
    thread = threading.Thread(target=store.release)
    thread.start()
    thread.join()
    begun(tmp_path)


def test_changed_data_are_refused(tmp_path, begun):
    begun(tmp_path)[0].release()
    changed = {CLASSIFIER.data: prepare_loaded(blobs(61), CLASSIFIER.data).facts()}
    with pytest.raises(UserError, match=r"The data 'blobs' have changed since .* \(their SHA-256 differs, which"):
        begun(tmp_path, facts=changed)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_leaves_no_new_folder(tmp_path, monkeypatch, name, begun):
    monkeypatch.setattr(os, name, full_disk)
    with pytest.raises(OSError, match=r"No space left on device: '.*data.json'"):
        begun(tmp_path / "run")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_keeps_the_last_complete_version(tmp_path, monkeypatch, name, begun):
    store, _ = begun(tmp_path)
    store.save_records(SPECS, records())
    store.checkpoints.save_active({"a": np.arange(3)}, {"step": 1})
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with monkeypatch.context() as patch:
        patch.setattr(os, name, full_disk)
        for write in (
            lambda: store.checkpoints.save_active({"a": np.arange(4)}, {"step": 2}),
            lambda: store.save_records(SPECS, [Record()] * 4),
            lambda: (store.save_weights({0: {"a": np.arange(4)}}), store.finish_writing()),
        ):
            with pytest.raises(OSError, match="No space left"):
                write()
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert store.checkpoints.load_active()[1] == {"step": 1}


@pytest.mark.parametrize("follow", ["records", "active", "paused", "loaded", "released"])
def test_what_follows_weights_waits_until_they_are_written(tmp_path, monkeypatch, begun, follow):
    """Weights are written in threads: a kill may find them without records, never records without them."""
    store, _ = begun(tmp_path)
    monkeypatch.setattr(folder, "write_atomically", slowly(folder.write_atomically))
    arrays = {"a": np.arange(4)}
    store.save_weights(dict.fromkeys(range(3), arrays))
    follows = {
        "records": lambda: store.save_records(SPECS, records()),
        "active": lambda: store.checkpoints.save_active(arrays, {}),
        "paused": lambda: store.checkpoints.save_paused("000000001_00000", arrays, {}),
        "loaded": lambda: store.load_weights(2),
        "released": store.release,
    }
    follows[follow]()
    assert all(store.weights_path(trial).is_file() for trial in range(3))


def slowly(write):
    def late(*arguments):
        time.sleep(0.1)
        write(*arguments)

    return late


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_two_versions_of_the_chunk_are_kept(tmp_path, begun):
    store, _ = begun(tmp_path)
    assert store.checkpoints.load_active() is None
    for step in (1, 2, 3):
        store.checkpoints.save_active({"a": np.full(3, step)}, {"step": step})
    assert store.checkpoints.load_active()[1] == {"step": 3}
    active, previous = tmp_path / "checkpoints" / "chunk.npz", tmp_path / "checkpoints" / "chunk_previous.npz"
    active.write_bytes(active.read_bytes()[:-1])
    arrays, note = store.checkpoints.load_active()
    assert (arrays["a"].tolist(), note) == ([2, 2, 2], {"step": 2})
    assert [f"{active} is damaged" in text and text.endswith("the version before it.") for text in store.messages] == [
        True
    ]
    previous.write_bytes(b"")
    assert store.checkpoints.load_active() is None
    assert store.messages[-1].endswith("The trials under way begin again.")
    active.unlink()  # a process killed between the two renames
    store.checkpoints.drop_active()
    assert os.listdir(tmp_path / "checkpoints") == []


def test_a_damaged_chunk_is_logged(tmp_path, begun):
    said = []
    store, _ = begun(tmp_path, log=said.append)
    store.checkpoints.save_active({"a": np.arange(3)}, {})
    (tmp_path / "checkpoints" / "chunk.npz").write_bytes(b"junk")
    assert store.checkpoints.load_active() is None
    assert [text.startswith("warning: ") for text in said] == [True]


def test_a_chunk_of_another_version_is_logged(tmp_path, begun):
    store, _ = begun(tmp_path)
    path = tmp_path / "checkpoints" / "chunk.npz"
    path.write_bytes(npz.to_bytes({"a": np.arange(3)}, {"crews": [{"trials": [0], "step": 1}]}))
    assert store.checkpoints.load_active() is None
    assert store.messages == [f"warning: {path} is of another version of nnjax. The trials under way begin again."]


def made_before(folder, number):
    """Turn a folder's config.json into one of an older format: with its number, or None for no number."""
    edit_json(folder / "config.json", lambda tree: tree.pop("format") if number is None else tree.update(format=number))


@pytest.mark.parametrize("number", [None, 1])
def test_a_folder_of_an_older_format_is_loaded_and_reported(tmp_path, number):
    run = nnjax.sweep(CLASSIFIER, {"seed": (0, 1)}, workdir=tmp_path, data=blobs())
    made_before(tmp_path, number)
    again = nnjax.load(tmp_path)
    assert (again.specs, again.table().equals(run.table())) == (run.specs, True)
    for name, curve in run.curves().items():
        np.testing.assert_array_equal(again.curves()[name], curve)
    for ours, theirs in zip(jax.tree.leaves(run.params(1)), jax.tree.leaves(again.params(1)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert again.report().is_file()


@pytest.mark.parametrize(("number", "named"), [(None, 1), (1, 1)])
def test_a_folder_of_an_older_format_is_not_resumed(tmp_path, begun, number, named):
    begun(tmp_path)[0].release()
    made_before(tmp_path, number)
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(
        UserError, match=f"of format {named}, which an earlier .* format 2: .* name a new workdir"
    ) as caught:
        begun(tmp_path)
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_new_folder_has_the_number_of_its_format(tmp_path, begun):
    begun(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text("utf-8"))["format"] == config_json.FORMAT == 2


def test_a_folder_of_older_draws_is_reported_but_neither_resumed_nor_certified_nor_trained_again(tmp_path):
    run = nnjax.sweep(CLASSIFIER, {"seed": (0, 1)}, workdir=tmp_path, data=blobs())
    edit_json(tmp_path / "config.json", lambda tree: tree.pop("draws"))
    again = nnjax.load(tmp_path, data=blobs())
    assert again.table().equals(run.table())
    for call in (
        again.certify,
        lambda: retrial(tmp_path, 0),
        lambda: nnjax.sweep(CLASSIFIER, {"seed": (0, 1)}, workdir=tmp_path, data=blobs()),
    ):
        with pytest.raises(UserError, match=r"draws 1, but this version of nnjax makes draws 2, .* name a new"):
            call()


def edit_json(path, change):
    tree = json.loads(path.read_text("utf-8"))
    change(tree)
    path.write_text(json.dumps(tree), "utf-8")


def read_all(store):
    store.read_config()
    store.read_facts()
    store.read_records(SPECS)


DAMAGES = [
    (
        "config.json",
        lambda path: path.write_text(path.read_text("utf-8")[:100], "utf-8"),
        r"config\.json is damaged \(JSONDecodeError",
    ),
    ("config.json", lambda path: path.write_bytes(b"\xff"), r"config\.json is damaged \(UnicodeDecodeError"),
    ("config.json", lambda path: path.write_text("[]", "utf-8"), r"config\.json is damaged \(TypeError"),
    (
        "config.json",
        lambda path: edit_json(path, lambda t: t.update(format=3)),
        r"of format 3, but .* reads formats 1 to 2",
    ),
    ("config.json", lambda path: edit_json(path, lambda t: t.pop("trials")), r"damaged \(KeyError: 'trials'\)"),
    (
        "config.json",
        lambda path: edit_json(path, lambda t: t["experiment"].update(epoch=3)),
        r"damaged \(Unknown field 'epoch'; did you mean epochs\?\)",
    ),
    (
        "config.json",
        lambda path: edit_json(path, lambda t: t["experiment"].update(epochs="many")),
        "epochs is 'many', but a whole number was expected",
    ),
    ("config.json", lambda path: path.unlink(), r"is not a run folder: it has no config\.json"),
    ("data.json", lambda path: path.unlink(), r"is not a run folder: it has no data\.json"),
    ("data.json", lambda path: path.write_text("{}", "utf-8"), r"data\.json is damaged \(KeyError: 'data'\)"),
    (
        "data.json",
        lambda path: edit_json(path, lambda t: t["data"][0]["facts"].pop("sha256")),
        r"data\.json is damaged \(TypeError",
    ),
    (
        "environment.json",
        lambda path: path.write_text("3", "utf-8"),
        r"environment\.json is damaged \(AttributeError",
    ),
    ("curves.npz", lambda path: path.write_bytes(path.read_bytes()[:-9]), r"curves\.npz is damaged"),
    ("curves.npz", lambda path: path.unlink(), r"curves\.npz does not exist"),
    (
        "trials.csv",
        lambda path: path.write_text("\n".join(path.read_text("utf-8").split("\n")[:3]), "utf-8"),
        r"trials\.csv is damaged",
    ),
    (
        "trials.csv",
        lambda path: path.write_text(path.read_text("utf-8").replace("done", "dome"), "utf-8"),
        "status 'dome' is unknown",
    ),
    (
        "trials.csv",
        lambda path: path.write_text(path.read_text("utf-8").replace("0.7", "?"), "utf-8"),
        "could not convert",
    ),
    (
        "trials.csv",
        lambda path: path.write_text(path.read_text("utf-8").replace("done,0,,3", "done,0,,4"), "utf-8"),
        r"4 epochs, but 3 in curves\.npz",
    ),
    (
        "trials.csv",
        lambda path: path.write_text(path.read_text("utf-8").replace("done,0,,3", "done,0,,-1"), "utf-8"),
        r"-1 epochs, but 3 in curves\.npz",
    ),
]


@pytest.mark.parametrize(("name", "damage", "words"), DAMAGES)
def test_damage_is_one_sentence(tmp_path, name, damage, words, begun):
    store, _ = begun(tmp_path)
    store.save_records(SPECS, records())
    store.note_environment({"plan": []}, 1.0)
    damage(tmp_path / name)
    with pytest.raises(UserError, match=words) as caught:
        read_all(store)
    assert "\n" not in str(caught.value)


def test_curves_that_began_again_go_with_an_older_table(tmp_path, begun):
    """Killed between curves.npz and trials.csv, after a trial had to begin again: no damage."""
    store, _ = begun(tmp_path)
    store.save_records(SPECS, [Record(RUNNING, 3, {}, {"val_loss": np.arange(3.0)}), *[Record()] * 3])
    before = (tmp_path / "trials.csv").read_text("utf-8")
    store.save_records(SPECS, [Record(RUNNING, 1, {}, {"val_loss": np.arange(1.0)}), *[Record()] * 3])
    (tmp_path / "trials.csv").write_text(before, "utf-8")
    assert store.read_records(SPECS)[0].epochs == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("nnjax sweep", "nnjax sweep"),
        ("scripts/bench.py", "python scripts/bench.py"),
        ("/home/me/nnjax/scripts/bench.py", "python scripts/bench.py"),
        ("/a/b.py", "python b.py"),
    ],
)
def test_the_command_names_no_folder_of_this_machine(tmp_path, begun, monkeypatch, script, words):
    monkeypatch.setattr("sys.argv", [script, "--workdir=a b"])
    store, _ = begun(tmp_path)
    store.note_environment({})
    assert store.read_environment()["command"] == f"{words} '--workdir=a b'"


def test_sessions_add_up(tmp_path, begun):
    store, _ = begun(tmp_path)
    assert (store.read_environment(), store.read_plan()) == ({}, [])
    plan = [{"trials": [0], "devices": 2}]
    store.note_environment({"plan": plan})
    assert store.read_environment()["sessions"] == []
    store.note_environment({"plan": plan}, 1.23456)
    store.note_environment({"plan": plan}, 2.0)
    assert store.read_environment()["sessions"] == [1.235, 2.0]
    assert store.read_plan() == plan


def test_other_data_configurations_have_facts_of_their_own(tmp_path, begun):
    other = DataConfig("blobs", validation=5)
    facts = {**FACTS, other: prepare_loaded(blobs(), other).facts()}
    store, _ = begun(tmp_path, facts=facts)
    assert store.read_facts()[0][other].sizes[1] == 5


@posix
@pytest.mark.parametrize("name", ["curves.npz", "trials.csv"])
def test_a_pipe_in_the_place_of_a_file_is_damage_not_waited_for(tmp_path, begun, name):
    store, _ = begun(tmp_path)
    store.save_records(SPECS, records())
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=rf"{name} is damaged \(.*is no regular file\)"):
        store.read_records(SPECS)
