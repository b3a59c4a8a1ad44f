"""The campaigns of `make torture`; each gives a line of what it did, and what went wrong."""

import pathlib
import random
import signal
import time
from typing import NamedTuple

from scripts.faults import kill_at, runs, variants

STOP_SECONDS = 5.0  # in which SIGTERM has to end a run that is not compiling


class Outcome(NamedTuple):
    """What a campaign did, and its failures."""

    did: str
    failures: list[str]


class Campaign:
    """Runs in one folder.

    Args:
      folder: for the configurations and the run folders.
      rng: draws the moments.
    """

    def __init__(self, folder: pathlib.Path, rng: random.Random):
        self.folder, self.rng = folder, rng
        folder.mkdir(parents=True, exist_ok=True)
        self.seconds: dict[str, float] = {}
        self.configs = {"arms": folder / "arms.py", "halved": folder / "halved.py"}
        self.configs["arms"].write_text(runs.CONFIG, "utf-8")
        self.configs["halved"].write_text(runs.HALVED, "utf-8")

    def command(self, name: str, run: str, *flags: str, largest_file: int | None = None) -> list[str]:
        """Give the command line of a configuration's sweep in one of the folders."""
        return runs.sweep(self.configs[name], self.folder / run, "--lanes=2", *flags, largest_file=largest_file)

    def undisturbed(self, name: str, devices: int = 2) -> tuple[pathlib.Path, float]:
        """Train without a fault, once: the folder, and how long it took."""
        folder = self.folder / f"undisturbed_{name}_{devices}"
        if folder.name not in self.seconds:
            begin = time.monotonic()
            status, said = runs.finish(self.command(name, folder.name), devices)
            if status:
                raise RuntimeError(f"an undisturbed run ends with status {status}: {said}")
            self.seconds[folder.name] = time.monotonic() - begin
        return folder, self.seconds[folder.name]

    def killed(self, name: str, times: int, number: int = signal.SIGKILL) -> Outcome:
        """Send a run a signal at random moments, so many times, resuming it after each; at last let it end."""
        expected, seconds = self.undisturbed(name)
        run = f"{signal.Signals(number).name}_{name}"
        struck, late, lost, starts = 0, 0.0, [], 0
        while struck < times and starts < 4 * times:
            starts += 1
            before = runs.finished(self.folder / run)
            moment = self.rng.uniform(0.3, max(2.0, 0.8 * seconds))
            took = runs.disturb(runs.start(self.command(name, run), 2), moment, number)
            if took is None:  # it ended first: begin another
                lost += [f"run {starts}: {what}" for what in runs.differences(expected, self.folder / run)]
                run = f"{run}_"
                continue
            struck, late = struck + 1, max(late, took)
            lost += [
                f"start {starts}: {what} was complete, and is gone"
                for what in before - runs.finished(self.folder / run)
            ]
        status, said = runs.finish(self.command(name, run), 2)
        failures = lost + ([] if status == 0 else [f"status {status}: {said[-300:]}"])
        failures += runs.differences(expected, self.folder / run) if status == 0 else []
        kind = signal.Signals(number).name
        if number != signal.SIGKILL and late > STOP_SECONDS + runs.COMPILING:
            failures.append(f"{kind} took {late:.1f} s")
        slowest = "" if number == signal.SIGKILL else f", each over within {late:.1f} s"
        return Outcome(f"{name}: {struck} × {kind} in {starts + 1} starts{slowest}", failures)

    def killed_at_calls(self, name: str, times: int) -> Outcome:
        """Kill a variant at its n-th replace, fsync, unlink or mkdir, so many times, resuming it after each."""
        self.configs[name] = self.folder / f"{name}.py"
        self.configs[name].write_text(variants.config_of(name), "utf-8")
        flags, run, lost, struck, starts = variants.flags_of(name), f"{name}_killed", [], 0, 0
        expected = self.folder / f"{name}_undisturbed"
        status, said = runs.finish(self.command(name, expected.name, *flags), 2)
        if status:
            return Outcome(f"{name}: it ends with status {status} undisturbed", [said[-300:]])
        while struck < times and starts < 4 * times:
            starts += 1
            before = runs.finished(self.folder / run)
            call, number = self.rng.choice(kill_at.CALLS), self.rng.randint(1, 12)
            status, said = runs.finish(runs.killing(call, number, self.command(name, run, *flags)), 2)
            if status == 0:  # it ended first: begin another
                lost += [f"{run}: {what}" for what in runs.differences(expected, self.folder / run)]
                run = f"{run}_"
            elif status == -signal.SIGKILL:
                struck += 1
                gone = set() if "--keep" in "".join(flags) else before - runs.finished(self.folder / run)
                lost += [f"{call} {number}: {what} was complete, and is gone" for what in gone]
            else:
                lost.append(f"{call} {number}: status {status}: {said[-300:]}")
        status, said = runs.finish(self.command(name, run, *flags), 2)
        lost += runs.differences(expected, self.folder / run) if status == 0 else [f"status {status}: {said[-300:]}"]
        lost += [f"{path.name} is left" for path in runs.leftovers(self.folder / run)]
        return Outcome(f"{name}: {struck} kills at the n-th {', '.join(kill_at.CALLS)} in {starts + 1} starts", lost)

    def full_disk(self, times: int) -> Outcome:
        """Let the disk be full at random sizes of a file; what was complete before stays, and the run ends alike."""
        expected, _ = self.undisturbed("arms")
        failures, sizes = [], []
        folder = self.folder / "full_disk"
        for _ in range(times):
            size = int(10 ** self.rng.uniform(3, 5.3))
            before = runs.finished(folder)
            status, said = runs.finish(self.command("arms", "full_disk", largest_file=size), 2)
            sizes.append(size)
            failures += [f"{size} bytes: {what} is gone" for what in before - runs.finished(folder)]
            if status not in (0, 2) or "Traceback" in said:
                failures.append(f"{size} bytes: status {status}: {said[-300:]}")
        status, said = runs.finish(self.command("arms", "full_disk"), 2)
        failures += [] if status == 0 else [f"status {status}: {said[-300:]}"]
        failures += runs.differences(expected, folder) if status == 0 else []
        return Outcome(f"arms: {times} × a disk full at {min(sizes):,} to {max(sizes):,} bytes a file", failures)

    def processes(self, times: int, count: int) -> Outcome:
        """Kill a random one of several processes at random moments; the others end by themselves, status 1."""
        expected, seconds = self.undisturbed("arms", count)
        failures, struck, starts, late = [], 0, 0, 0.0
        run = f"processes_{count}"
        while struck < times and starts < 4 * times:
            starts += 1
            started = runs.start_several(self.command("arms", run), count)
            victim = self.rng.randrange(count)
            took = runs.disturb(started[victim], self.rng.uniform(1.0, 1.0 + seconds), signal.SIGKILL)
            rest = [process for number, process in enumerate(started) if number != victim]
            late = max(late, runs.all_end(rest))
            statuses = [process.returncode for process in rest]
            if set(statuses) - ({1} if took is not None else {0}):
                failures.append(f"process {victim} was killed, and the others ended with {statuses}")
            if took is None:  # it ended first: begin another
                failures += runs.differences(expected, self.folder / run)
                run = f"{run}_"
            struck += took is not None
        started = runs.start_several(self.command("arms", run), count)
        said = [process.communicate(timeout=runs.LONGEST) for process in started]
        if any(process.returncode for process in started):
            failures.append(f"at last: {[process.returncode for process in started]}: {said[0][1][-300:]}")
        else:
            failures += runs.differences(expected, self.folder / run)
        did = f"arms: {struck} × one of {count} processes killed in {starts + 1} starts"
        return Outcome(f"{did}; the others ended in {late:.1f} s", failures)

    def other_devices(self) -> Outcome:
        """Stop on two devices; go on with one (to tolerance, which is said), and with three (by the same plan)."""
        failures: list[str] = []
        expected, seconds = self.undisturbed("arms")
        for devices in (1, 3):
            run = f"devices_{devices}"
            if runs.disturb(runs.start(self.command("arms", run), 2), 0.4 * seconds, signal.SIGTERM) is None:
                failures.append("the run had ended before it could be stopped")
            status, said = runs.finish(self.command("arms", run), devices)
            failures += [] if status == 0 else [f"{devices} devices: status {status}: {said[-300:]}"]
            if devices == 1 and "not bit for bit" not in said:
                failures.append("it was not said that only tolerance is promised")
            if devices == 3:
                failures += runs.differences(expected, self.folder / run)
        return Outcome("arms: begun on 2 devices, ended where there are 1 and 3", failures)
