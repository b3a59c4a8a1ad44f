"""Training on windows: the order as a pure function, and the same bits as in memory, from disk, and after a stop."""

import os
import threading

import jax
import numpy as np
import pytest
from populations import CLASSIFIER, StopAfter, blobs, line, population, specs_of

import nnjax
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.data import load, npy, prepare_loaded
from nnjax.runs.folder import FolderStore
from nnjax.train.engine import windows
from nnjax.train.engine.windows import Place, make_stream
from nnjax.train.host.population import Stopped
from nnjax.train.host.window_reader import Reader
from nnjax.train.layout import memory_limits
from nnjax.train.layout.memory_estimate import data_bytes, lane_bytes
from nnjax.train.layout.plan import Plan

WINDOWED = replace(CLASSIFIER, {"window": 19})  # 40 train, in batches of 8: windows of 16, 16 and 8
RATES = (0.001, 0.01, 0.1)
OWN, ALONE = Plan(1, 1, 4, "own"), Plan(1, 1, 1, "own")


def trained(experiment, axes=None, plan=OWN, dataset=None, **options):
    run = population(specs_of(experiment, axes), dataset, plan, **options)
    run.run()
    return run


def assert_same(a, b):
    """Bitwise equal curves, scores and weights of all trials."""
    for i, (x, y) in enumerate(zip(a.records, b.records, strict=True)):
        assert (x.status, x.epochs, x.values) == (y.status, y.epochs, y.values)
        for name in x.curves | x.signals:
            np.testing.assert_array_equal((x.curves | x.signals)[name], (y.curves | y.signals)[name], err_msg=name)
        own, other = a.store.load_weights(i), b.store.load_weights(i)
        for name in own:
            np.testing.assert_array_equal(own[name], other[name], err_msg=name)


def stream_of(experiment, dataset=None):
    return make_stream(experiment, prepare_loaded(dataset or blobs(), experiment.data))


def epoch_of(stream, epoch):
    return [stream.rows(Place(epoch, number)) for number in range(stream.num_windows)]


@pytest.mark.parametrize(
    ("changes", "window", "plan"),
    [
        pytest.param({"signals": True}, 1000, OWN, marks=pytest.mark.slow),
        ({"shuffle": False, "dropout": 0.2}, 16, Plan(2, 1, 4, "shared")),
    ],
)
def test_a_single_window_or_any_without_shuffling_is_training_in_memory_bit_for_bit(changes, window, plan):
    axes, whole = {"learning_rate": RATES, "seed": (0, 1)}, replace(WINDOWED, {**changes, "window": None})
    assert_same(trained(whole, axes, plan), trained(replace(whole, {"window": window}), axes, plan))


def test_every_example_trains_once_an_epoch_in_an_order_of_the_seed_and_the_epoch():
    data = blobs(600)
    experiment = replace(WINDOWED, {"window": 200})
    train, stream = prepare_loaded(data, experiment.data).train, stream_of(experiment, data)
    epochs = [epoch_of(stream, epoch) for epoch in (0, 1)]
    for rows in epochs:
        assert [len(window) for window in rows] == [200, 200, 180]
        assert sorted(np.concatenate(rows)) == sorted(train)
        assert all((np.diff(window) > 0).all() for window in rows)  # as they lie in the data
    assert (epochs[0][0] != epochs[1][0]).any()
    again = epoch_of(stream_of(experiment, data), 0)
    np.testing.assert_array_equal(np.concatenate(epochs[0]), np.concatenate(again))
    other = stream_of(replace(experiment, {"split_seed": 1, "validation": 0, "test": 0}), data)
    same = stream_of(replace(experiment, {"split_seed": 2, "validation": 0, "test": 0}), data)
    assert (other.rows(Place(0, 0)) != same.rows(Place(0, 0))).any()


def test_a_window_comes_from_64_places_of_the_data():
    """Worked out with sets: a window of 640 of 6,400 examples is 64 whole blocks of ten."""
    stream = stream_of(replace(WINDOWED, {"window": 640, "validation": 0, "test": 0, "batch_size": 10}), blobs(6400))
    for rows in epoch_of(stream, 3):
        blocks, counts = np.unique(rows // 10, return_counts=True)
        assert (counts == 10).all()
        assert len(blocks) == 64
    plain = stream_of(replace(WINDOWED, {"window": 640, "shuffle": False, "validation": 0, "test": 0}), blobs(6400))
    np.testing.assert_array_equal(np.concatenate(epoch_of(plain, 3)), np.arange(6400))


def test_steps_find_their_windows():
    """By hand: 40 examples are 5 steps, of which windows of 16, 16 and 8 take 2, 2 and 1."""
    stream = stream_of(WINDOWED)
    places = [stream.place(step) for step in range(6)]
    assert places == [(0, 0), (0, 0), (0, 1), (0, 1), (0, 2), (1, 0)]
    assert [stream.left(step) for step in range(6)] == [2, 1, 2, 1, 1, 2]
    assert [stream.after(place) for place in places[1::2]] == [(0, 1), (0, 2), (1, 1)]
    single = stream_of(replace(WINDOWED, {"window": 40}))
    assert single.place(12) == single.after(single.place(12)) == (0, 0)


def test_from_disk_or_from_memory_the_results_are_the_same(tmp_path):
    npy.write(blobs(), tmp_path)
    axes = {"learning_rate": RATES, "seed": (0, 1)}
    assert_same(trained(WINDOWED, axes), trained(WINDOWED, axes, dataset=load(f"npy:{tmp_path}")))
    whole = replace(WINDOWED, {"window": None})
    held, kept = (
        population(specs_of(whole), data).layouts.groups[0].data for data in (blobs(), load(f"npy:{tmp_path}"))
    )
    jax.tree.map(np.testing.assert_array_equal, held, kept)


@pytest.mark.slow
def test_devices_at_different_epochs_read_each_their_own_window():
    """A trial that stops early gives its device to another one, which begins at epoch 1 beside one at a later epoch."""
    axes = {"learning_rate": (0.5, 0.01, 0.02), "patience": (1,), "epochs": (16,)}
    together, alone = trained(WINDOWED, axes, Plan(2, 1, 1, "own")), trained(WINDOWED, axes, ALONE)
    assert len({record.epochs for record in alone.records}) > 1
    assert_same_curves(together, alone)


def assert_same_curves(a, b):
    for x, y in zip(a.records, b.records, strict=True):
        assert x.epochs == y.epochs
        np.testing.assert_allclose(x.curves["val_loss"], y.curves["val_loss"], rtol=1e-4)


@pytest.mark.slow
def test_a_batch_split_over_two_devices_trains_on_windows_too():
    assert_same_curves(trained(WINDOWED, plan=ALONE), trained(WINDOWED, plan=Plan(2, 2, 1, "own")))


@pytest.mark.parametrize("questions", [2, 3, 5])
def test_a_stop_within_a_window_or_an_epoch_changes_nothing(tmp_path, monkeypatch, questions):
    monkeypatch.setattr("nnjax.train.host.population._next_steps", lambda steps, seconds: 1)
    axes, store = {"learning_rate": RATES}, FolderStore(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    first = population(specs_of(WINDOWED, axes), plan=OWN, store=store, should_stop=StopAfter(questions))
    with pytest.raises(Stopped):
        first.run()
    second = population(specs_of(WINDOWED, axes), plan=OWN, store=store, records=first.records)
    second.run()
    assert_same(trained(WINDOWED, axes), second)


def test_two_windows_at_most_are_held_and_the_thread_ends(monkeypatch):
    threads = threading.active_count()
    stream, read = stream_of(WINDOWED), []
    real = windows.place_windows
    monkeypatch.setattr("nnjax.train.host.window_reader.place_windows", lambda *a: read.append(a[1][0]) or real(*a))
    reader = Reader(stream, nnjax.train.engine.programs.make_mesh(1))
    for step in range(12):
        reader.window([step], {0})
        assert len(read) <= step // 5 * 3 + (step % 5) // 2 + 2  # the present one and the next
    reader.close()
    assert read == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1)][: len(read)]
    assert threading.active_count() == threads


def damaged(folder, how):
    """Change x.npy once the first window is read, in the reader's own thread."""
    file, real = folder / "x.npy", windows.place_windows

    def place(stream, places, mesh):
        if places[0] == (1, 1):
            how(file)
        return real(stream, places, mesh)

    return place


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda file: os.truncate(file, 300), "x.npy has changed since it was opened: restore the file"),
        (os.remove, "x.npy no longer exists: restore the file"),
    ],
)
def test_a_file_that_changes_ends_training_and_nothing_is_lost(tmp_path, monkeypatch, how, message):
    npy.write(blobs(), tmp_path / "data")
    whole = (tmp_path / "data" / "x.npy").read_bytes()
    experiment = replace(WINDOWED, {"data.name": f"npy:{tmp_path / 'data'}"})
    expected = nnjax.sweep(experiment, plan=ALONE, workdir=tmp_path / "undisturbed")
    with monkeypatch.context() as patch:
        patch.setattr("nnjax.train.host.window_reader.place_windows", damaged(tmp_path / "data", how))
        with pytest.raises(UserError, match=message):
            nnjax.sweep(experiment, plan=ALONE, workdir=tmp_path / "run")
    with np.load(tmp_path / "run" / "checkpoints" / "chunk.npz") as arrays:
        assert arrays["state/step"].tolist() == [7]  # all that was trained
    (tmp_path / "data" / "x.npy").write_bytes(whole)
    again = nnjax.sweep(experiment, plan=ALONE, workdir=tmp_path / "run")
    np.testing.assert_array_equal(expected.curves()["train_loss"], again.curves()["train_loss"])


def test_what_does_not_fit_is_refused_with_figures_before_it_is_read(tmp_path, monkeypatch):
    npy.write(blobs(4000, 100), tmp_path)
    data = load(f"npy:{tmp_path}")
    monkeypatch.setattr(memory_limits, "free_bytes", lambda: 1_000_000)
    with pytest.raises(
        UserError, match=r"The 4,000 examples of npy:.* take 1.6 MB, but a device has 1 MB left, .* as 64\."
    ):
        population(specs_of(replace(WINDOWED, {"window": None})), data)
    with pytest.raises(UserError, match=r"The 4,000 examples of .* that are evaluated take 1.6 MB, .* train_eval_size"):
        population(specs_of(replace(WINDOWED, {"window": 64})), data)
    population(specs_of(replace(WINDOWED, {"window": 64, "train_eval_size": 100})), data)


def test_a_window_that_holds_no_batch_is_refused():
    with pytest.raises(UserError, match=r"data\.window is 7 examples, fewer than a batch of 8"):
        population(specs_of(replace(WINDOWED, {"window": 7})))


def test_windows_count_in_the_memory_that_is_planned():
    groups = [population(specs_of(replace(WINDOWED, {"window": w})), line(400)).layouts.groups[0] for w in (None, 80)]
    held = groups[1].data._replace(window=None)
    assert data_bytes(groups[1].data) == data_bytes(held) + 2 * (80 * (3 + 1) * 4 + 3 * 4)  # x, y; three numbers
    assert held.x.shape == (2 * 10 + 380, 3)
    own, whole = (lane_bytes(group.key, group.shapes, group.data) for group in groups[::-1])
    assert own < whole  # draws the order of fewer examples
