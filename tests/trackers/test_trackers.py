"""Trackers: bytes as TensorBoard's own, lines of JSON, what is told and when, and failures."""

import json
import pathlib
import re
import struct

import numpy as np
import pytest
from populations import CLASSIFIER, blobs

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.extras import require
from nnjax.diagnosis.readers.tensorboard import read_events
from nnjax.spaces.expansion import expand
from nnjax.spaces.space import Space
from nnjax.testing import check_tracker
from nnjax.trackers import Curves, JSONLines, Outcome, TensorBoard, Trial, protobuf, services, tracking
from nnjax.train.host.progress import Progress
from nnjax.train.storage.records import DONE, RUNNING, Record


def test_records_are_those_of_tensorboard():
    """Recorded from tensorboard 2.21: RecordWriter, Event(wall_time=1.5, step=3, loss .5); CRC-32C of "123456789"."""
    value = protobuf.field(1, "loss") + bytes([2 << 3 | 5]) + struct.pack("<f", 0.5)
    payload = protobuf.field(1, 1.5) + protobuf.field(2, 3) + protobuf.field(5, protobuf.field(1, value))
    wanted = "1a00000000000000129bd82d09000000000000f83f10032a0d0a0b0a046c6f7373150000003f80655ee3"
    assert protobuf.record(payload).hex() == wanted
    crc = 0xE3069283
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert protobuf.crc_of(b"123456789") == masked
    assert protobuf.masked_crc(np.frombuffer(b"123456789" * 2, np.uint8).reshape(2, 9)).tolist() == [masked] * 2


def test_sessions_of_the_hparams_tab_are_those_of_tensorboard():
    """An event at 1.5 with SessionStartInfo(hparams={"lr": .5}, group_name="a", start_time_secs=2.5), parsed there."""
    found = protobuf.event(1.5, summary=protobuf.session_start({"lr": 0.5}, "a", 2.5))[12:-4].hex()
    assert found == (
        "09000000000000f83f2a5e0a5c0a1c5f68706172616d735f2f73657373696f6e5f73746172745f696e666f420e0801120412020801"
        "2a04000000004a2c0a2a0a0768706172616d73121f1a1d0a0f0a026c72120911000000000000e03f220161290000000000000440"
    )


def test_event_files_hold_curves_final_values_and_verdicts(tmp_path):
    tracker = TensorBoard(tmp_path)
    tracker.begin([Trial(i, {"widths": "8", "learning_rate": 0.1, "on": True}, "lr 0.1", 3) for i in range(2)])
    tracker.update([Curves(i, 1, {"val_loss": np.array([3.0, 2.0]), "a": np.array([i, np.nan])}) for i in range(2)])
    tracker.update([Curves(1, 3, {"val_loss": np.array([1.0]), "a": np.array([300.0])})])
    tracker.end([Outcome(i, DONE, 2 + i, {"best_val_loss": 1.0, "worst": np.nan}, "overfitting") for i in range(2)], [])
    [one], [two] = (list((tmp_path / f"trial_0000{i}").iterdir()) for i in range(2))
    assert read_events(one)["val_loss"] == {1: 3.0, 2: 2.0}
    assert read_events(two)["val_loss"] == {1: 3.0, 2: 2.0, 3: 1.0}
    assert read_events(two)["a"][3] == 300.0
    assert not np.isfinite(read_events(two)["a"][2])
    assert read_events(two)["final/best_val_loss"] == {3: 1.0}
    assert b"overfitting" in two.read_bytes()


def test_lines_of_json(tmp_path):
    for _ in range(2):  # the second run writes the file anew
        tracker = JSONLines(tmp_path / "logs" / "a.jsonl")
        tracker.begin([Trial(0, {"widths": "8"}, "widths 8", 2)])
        tracker.update([Curves(0, 1, {"loss": np.array([0.1, 1e-9]), 'a "%d"': np.array([1.0, 2.0])})])
        tracker.update([Curves(0, 3, {"loss": np.array([np.nan])})])
        tracker.end([Outcome(0, DONE, 3, {"best": np.inf}, "")], [tmp_path / "config.json"])
    assert [json.loads(line) for line in (tmp_path / "logs" / "a.jsonl").read_text("utf-8").splitlines()] == [
        {"event": "trial", "trial": 0, "group": "widths 8", "epochs": 2, "settings": {"widths": "8"}},
        {"event": "epoch", "trial": 0, "epoch": 1, "loss": 0.1, 'a "%d"': 1.0},
        {"event": "epoch", "trial": 0, "epoch": 2, "loss": 1e-9, 'a "%d"': 2.0},
        {"event": "epoch", "trial": 0, "epoch": 3, "loss": None},
        {"event": "outcome", "trial": 0, "status": DONE, "epochs": 3, "values": {"best": None}, "verdict": ""},
        {"event": "files", "paths": [str(tmp_path / "config.json")]},
    ]


class Told:
    """Keeps what it is told; fails in a function."""

    def __init__(self, fails=""):
        self.fails, self.calls = fails, []

    def begin(self, trials):
        self._take("begin", trials)

    def update(self, curves):
        self._take("update", curves)

    def end(self, outcomes, files):
        self._take("end", outcomes)

    def _take(self, function, some):
        self.calls.append((function, list(some)))
        if function == self.fails:
            raise RuntimeError("the disk is full")


def test_only_what_is_new_is_told_and_a_failure_ends_one_tracker_with_a_warning():
    specs = expand(CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.2), "seed": (0, 1)}))
    records, said = [Record(RUNNING) for _ in specs], []
    told, failing = Told(), Told("update")
    observer = tracking.Tracking([failing, told], said.append, every=0)
    for epochs in ((2, 0, 0, 0), (2, 3, 0, 0)):
        for record, number in zip(records, epochs, strict=True):
            record.epochs, record.curves = number, {"val_loss": np.arange(number, dtype=float)}
        observer(Progress(specs, records, [], 0.0))
    observer.end(None)
    [(_, trials), (_, [first]), (_, [second]), (_, outcomes)] = told.calls
    assert [one.settings for one in trials][1] == {"hyperparameters.learning_rate": 0.1, "seed": 1}
    assert [one.group for one in trials] == ["learning_rate 0.1"] * 2 + ["learning_rate 0.2"] * 2
    assert (first.trial, first.start, first.values["val_loss"].tolist()) == (0, 1, [0.0, 1.0])
    assert (second.trial, second.start, second.values["val_loss"].tolist()) == (1, 1, [0.0, 1.0, 2.0])
    assert [one.epochs for one in outcomes] == [2, 3, 0, 0]
    assert [name for name, _ in failing.calls] == ["begin", "update"]
    assert said == [
        "warning: The tracker Told failed in update (RuntimeError: the disk is full): it is told nothing more, and the "
        "training goes on."
    ]


def test_the_laws_of_trackers(tmp_path):
    """Ours obey them; one that fails, changes what it is told, or lacks a function does not."""

    class Changes(Told):
        def end(self, outcomes, files):
            outcomes[0].values["mine"] = 1.0

    check_tracker(TensorBoard(tmp_path))
    check_tracker(JSONLines(tmp_path / "a.jsonl"))
    check_tracker(Told())
    broken = ((Told("update"), "update fails .*the disk is full"), (Changes(), "end changes"), (3, "no function begin"))
    for tracker, words in broken:
        with pytest.raises(UserError, match=words):
            check_tracker(tracker)


def test_a_sweep_tells_its_curves_again_when_it_is_resumed(tmp_path):
    space, told, again = {"learning_rate": (0.01, 0.02)}, Told(), Told()
    for tracker in (told, again):
        run = nnjax.sweep(
            CLASSIFIER,
            space,
            data=blobs(),
            workdir=tmp_path,
            trackers=[tracker, "jsonl", "tensorboard"],
            progress=False,
        )
        curves = {i: [] for i in range(2)}
        for name, some in tracker.calls:
            for one in some if name == "update" else ():
                curves[one.trial].append(one.values["val_loss"])
        for i in range(2):
            np.testing.assert_array_equal(np.concatenate(curves[i]), run.records[i].curves["val_loss"])
        assert [one.verdict for one in tracker.calls[-1][1]] == [record.verdict for record in run.records]
    assert len((tmp_path / "tracked.jsonl").read_text("utf-8").splitlines()) == 2 + 2 * CLASSIFIER.epochs + 2 + 1
    assert len(list((tmp_path / "tensorboard" / "trial_00001").iterdir())) == 2


@pytest.mark.parametrize(
    ("trackers", "words"),
    [
        ("tensorbord", "There is no tracker 'tensorbord'; there are tensorboard, jsonl, wandb, trackio"),
        ("jsonl", "give workdir="),
        ([3], r"The tracker 3 has no begin\(...\)"),
        (Told, "is a class: give an object"),
    ],
)
def test_what_is_no_tracker_is_refused_before_training(trackers, words):
    with pytest.raises(UserError, match=words):
        nnjax.sweep(CLASSIFIER, data=blobs(), trackers=trackers)


def test_services_get_one_run_a_trial(monkeypatch, capsys):
    """A stand-in for wandb, whose calls are those of its documentation; trackio's are the same functions."""

    class Service:
        runs: list = []  # noqa: RUF012
        summary: dict = {}  # noqa: RUF012

        def Settings(self, silent):
            return {"silent": silent}

        def init(self, **options):
            print("of the service")
            assert options.get("settings", {"silent": True}) == {"silent": True}
            self.runs.append((options["name"], options.get("group"), options["config"], []))
            return self

        def log(self, row, step):
            self.runs[-1][3].append((step, row))

        def finish(self):
            pass

    monkeypatch.setattr(services, "require", lambda *words: Service())
    tracker = services.WandB("project", mode="offline")
    tracker.begin([Trial(0, {"lr": 0.1}, "lr 0.1", 2)])
    tracker.update([Curves(0, 1, {"loss": np.array([2.0, 1.0])})])
    tracker.end([Outcome(0, DONE, 2, {"best": 1.0}, "")], [])
    rows = [(1, {"loss": 2.0}), (2, {"loss": 1.0})]
    assert Service.runs == [("trial 0", "lr 0.1", {"lr": 0.1}, rows)]
    capsys.readouterr()
    tracker, told = services.Trackio("project"), tracker.told
    tracker.told |= told
    tracker.end([Outcome(0, DONE, 2, {"best": 1.0}, "")], [])
    assert capsys.readouterr().out == ""
    config = {"lr": 0.1, "group": "lr 0.1", "best": 1.0, "status": DONE, "verdict": ""}
    assert Service.runs[1:] == [("trial 0", None, config, rows)]
    with pytest.raises(UserError, match=r"nnjax\[trackers\]"):
        require("no_such_tracker", "nnjax[trackers]", "The tracker")


def test_the_page_s_own_tracker(capsys):
    page = (pathlib.Path(__file__).parents[2] / "docs" / "extending" / "tracker.md").read_text("utf-8")
    names = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], names)
    check_tracker(names["BestLosses"]())
    capsys.readouterr()
    tracker = names["BestLosses"]()
    tracker.begin([Trial(0, {}, "lr 0.1", 2)])
    tracker.update([Curves(0, 1, {"val_loss": np.array([0.5, 0.25])})])
    tracker.end([Outcome(0, DONE, 2, {}, "overfitting")], [])
    assert capsys.readouterr().out == "lr 0.1: 0.25 (overfitting)\n"
