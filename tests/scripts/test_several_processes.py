"""One sweep in several processes and on several devices: the same results, and no process that outlives its peers."""

import json
import signal
import socket
import subprocess

import numpy as np
import pytest
from processes import command, complaint, environment, run
from systems import posix
from test_interrupt import wait_for

CONFIG = '''"""Seven trials, three of which go on from others: no number of devices divides them."""

from nnjax import Arm, DataConfig, Experiment, Hyperparameters, ModelConfig, Space


def get_config():
    return Experiment(
        data=DataConfig("two_spirals:600", scaling="standard"),
        model=ModelConfig(widths=(32, 32)),
        hyperparameters=Hyperparameters(learning_rate=0.01, dropout=0.1),
        batch_size=32,
        epochs=6,
    )


def get_space():
    rates = {"plain": 0.01, "fast": 0.03, "slow": 0.001, "wild": 1e6}
    arms = {name: Arm({"learning_rate": rate}) for name, rate in rates.items()}
    arms |= {f"more_{name}": Arm({"epochs": 3}, start_from=name) for name in ("plain", "fast", "slow")}
    return Space(arms=arms)
'''


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("several") / "seven.py"
    path.write_text(CONFIG, "utf-8")
    return path


def on_devices(number, config, folder, *flags):
    """Run the sweep in one process that has so many devices."""
    words = (f"--config={config}", f"--workdir={folder}", "--noreport", *flags)
    done = run("sweep", *words, env=environment(JAX_NUM_CPU_DEVICES=str(number)))
    assert done.returncode == 0, done.stderr
    return folder


def start_all(processes, devices, config, folder, *flags):
    """Start so many processes of one sweep, each with so many devices."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    words = (f"--config={config}", f"--workdir={folder}", "--noreport", *flags)
    joined = (f"--coordinator=localhost:{port}", f"--num_processes={processes}")
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    options["env"] = environment(JAX_NUM_CPU_DEVICES=str(devices))
    return [
        subprocess.Popen(command("sweep", *words, *joined, f"--process_id={number}"), **options)
        for number in range(processes)
    ]


def ends(started):
    """Wait for processes: (status, standard output, standard error) of each."""
    outputs = [process.communicate(timeout=240) for process in started]
    return [(process.returncode, *output) for process, output in zip(started, outputs, strict=True)]


def arrays(folder):
    """All curves and weights of a run folder."""
    out = {}
    for path in (folder / "curves.npz", *sorted((folder / "checkpoints").iterdir())):
        with np.load(path) as file:
            out |= {f"{path.name}/{name}": file[name] for name in file.files}
    return out


def assert_same(one, other):
    """Run folders with bitwise equal curves and weights, and equal tables."""
    a, b = arrays(one), arrays(other)
    assert set(a) == set(b)
    assert [name for name in a if a[name].tobytes() != b[name].tobytes()] == []
    assert (one / "trials.csv").read_text("utf-8") == (other / "trials.csv").read_text("utf-8")


QUICK = ("--lanes=1", "--config.epochs=4", "--config.model.widths=16")


@pytest.fixture(scope="module")
def four_devices(config, tmp_path_factory):
    return on_devices(4, config, tmp_path_factory.mktemp("several") / "four", *QUICK)


@pytest.mark.slow
def test_eight_devices_give_what_one_gives(config, tmp_path):
    """Seven trials on eight, four and one devices of a lane, and on two with lanes for two, before last bits grow."""

    def trained(devices, lanes):
        flags = (f"--lanes={lanes}", "--config.epochs=3")
        return arrays(on_devices(devices, config, tmp_path / f"{devices}", *flags))

    one = trained(1, 1)
    assert len(one) > 7
    for other in (trained(8, 1), trained(4, 1), trained(2, 2)):
        assert set(other) == set(one)
        for name, values in one.items():
            scale = max(1.0, float(np.nanmax(np.abs(values))))  # the wild trial's weights are millions
            np.testing.assert_allclose(other[name], values, rtol=2e-4, atol=2e-5 * scale, err_msg=name)


@pytest.mark.parametrize(
    ("processes", "devices", "window"), [(2, 2, None), pytest.param(4, 1, 128, marks=pytest.mark.slow)]
)
def test_several_processes_are_one_sweep(processes, devices, window, config, four_devices, tmp_path):
    """With all examples in memory, and in windows that each process reads for itself."""
    folder, flags = tmp_path / "run", QUICK
    if window is not None:
        flags += (f"--config.data.window={window}",)
        four_devices = on_devices(4, config, tmp_path / "four", *flags)
    found = ends(start_all(processes, devices, config, folder, *flags))
    assert [status for status, _, _ in found] == [0] * processes, found
    assert "results:" in found[0][1]
    assert "results:" not in found[1][1]
    assert_same(folder, four_devices)


LONG = ("--config.epochs=250", "--space.arms=plain,fast", "--lanes=1")


@posix
@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_a_killed_process_ends_the_others_and_the_next_start_goes_on(killed, config, tmp_path):
    """Whichever it is; what goes on, here after the first one's death, ends like a run that nothing happened to."""
    folder = tmp_path / "run"
    started = start_all(2, 1, config, folder, *LONG)
    wait_for((folder / "checkpoints" / "chunk.npz").exists, started[1 - killed])
    started[killed].kill()
    status, _, error = ends(started)[1 - killed]
    assert status == 1
    last = error.splitlines()[-1]
    assert last.startswith("error: Another process of this run has ended, or cannot be reached. What was complete is")
    assert f"saved in {folder}; start all processes again with the same commands" in last

    if killed:
        return
    found = ends(start_all(2, 1, config, folder, *LONG))
    assert [status for status, _, _ in found] == [0, 0], found
    assert_same(folder, on_devices(2, config, tmp_path / "undisturbed", *LONG))


LONGER = ("--config.epochs=3000", "--space.arms=plain,fast", "--lanes=1")


@pytest.mark.slow
@posix
def test_a_run_of_one_process_goes_on_in_two_that_slurm_has_started(config, tmp_path):
    """SLURM's variables say which they are; the plan of one device gives way to one of both."""
    folder = tmp_path / "run"
    alone = start_all(1, 1, config, folder, *LONGER)
    wait_for((folder / "checkpoints" / "chunk.npz").exists, alone[0])
    alone[0].send_signal(signal.SIGTERM)
    assert [status for status, _, _ in ends(alone)] == [143]

    words = (f"--config={config}", f"--workdir={folder}", "--noreport", "--distributed", *LONGER)
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    shared = {"SLURM_JOB_ID": "77", "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": "2", "JAX_NUM_CPU_DEVICES": "1"}
    own = ({"SLURM_PROCID": str(number), "SLURM_LOCALID": str(number)} for number in range(2))
    both = [subprocess.Popen(command("sweep", *words), env=environment(**shared, **one), **options) for one in own]
    found = ends(both)
    assert [status for status, _, _ in found] == [0, 0], found
    assert "The plan has changed since the last session" in found[0][1] + found[0][2]
    assert json.loads((folder / "environment.json").read_text("utf-8"))["plan"][0]["devices"] == 2


@pytest.mark.slow
@posix
def test_a_signal_to_one_process_stops_all(config, tmp_path):
    folder = tmp_path / "run"
    started = start_all(2, 1, config, folder, *LONG)
    wait_for((folder / "checkpoints" / "chunk.npz").exists, started[0])
    started[1].send_signal(signal.SIGTERM)
    found = ends(started)
    assert [status for status, _, _ in found] == [143, 143]
    for _, _, error in found:
        assert f"Stopped; {folder} is saved, and the same command goes on from there." in error


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--num_processes=2",), "belong together"),
        (("--coordinator=here", "--num_processes=2", "--process_id=0"), "has no port"),
        (("--coordinator=localhost:1234", "--num_processes=2", "--process_id=2"), "from 0 to 1"),
        (("--distributed",), "did not find each other"),
    ],
)
def test_flags_that_join_nothing_are_refused(flags, said, config, fork, tmp_path):
    assert said in complaint(fork("sweep", f"--config={config}", f"--workdir={tmp_path / 'run'}", *flags))
    assert not (tmp_path / "run").exists()


def test_a_trial_of_a_run_is_trained_again_by_one_process(fork, tmp_path):
    again = ("--from=runs/some", "--trial=0", f"--workdir={tmp_path / 'run'}", "--distributed")
    assert "trained again in one process only: leave out --distributed" in complaint(fork("train", *again))


@pytest.mark.slow
def test_devices_that_lie_idle_are_refused(config, tmp_path):
    found = ends(start_all(2, 2, config, tmp_path / "run", "--devices=2"))
    for status, _, error in found:
        assert status == 2
        assert "several processes use all of theirs; leave --devices out" in error
