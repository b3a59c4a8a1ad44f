"""Every mistake of a user's is one sentence and status 2, without a traceback, and changes no file."""

import gzip
import io
import json
import shutil
import sys
from typing import NamedTuple

import filelock
import numpy as np
import pandas as pd
import pytest
from processes import SPIRALS, complaint, contents

HEAD = "from nnjax import *\ndef get_config():\n    "
CONFIGS = {
    "spirals.py": SPIRALS,
    "syntax.py": "def get_config(:\n",
    "empty.py": "x = 1\n",
    "keyword.py": HEAD + "return Experiment(\n        epoch=3)\n",
    "part.py": HEAD + "return Experiment(data='digits')\n",
    "type.py": HEAD + "return Experiment(epochs='many')\n",
    "dict.py": HEAD + "return {'epochs': 3}\n",
    "import.py": "import no_such_module\n",
    "axis.py": HEAD + "return Experiment()\ndef get_space():\n    return Space(axes={'learning_rate': 0.1})\n",
    "arm.py": HEAD + "return Experiment()\ndef get_space():\n    return Space(arms={'a': {'epochs': 1}})\n",
    "range.py": HEAD + "return Experiment()\ndef get_space():\n    return Space(axes={'rho': Range(1, 0)})\n",
    "space.py": HEAD + "return Experiment()\ndef get_space():\n    return {'seed': range(3)}\n",
    "no_suffix": SPIRALS,
    "assert.py": HEAD + "assert False\n",
    "exit.py": "import sys\n" + HEAD + "sys.exit(3)\n",
}

ROWS = "".join(f"{i},{i % 7},{i % 2}\n" for i in range(100))
X, Y = np.random.default_rng(0).normal(size=(100, 3)), np.arange(100) % 2


def idx(array):
    """An IDX file's bytes of an uint8 array."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def npz(**arrays):
    """An NPZ file's bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


IMAGES, LABELS = np.zeros((40, 4, 4), np.uint8), (np.arange(40) % 4).astype(np.uint8)
STRAY = np.where(np.arange(40) == 7, 255, LABELS).astype(np.uint8)
IDX = {  # folder -> its training images and labels
    "cut": (idx(IMAGES)[:-7], idx(LABELS)),
    "foreign": (b"\x89PNG" + idx(IMAGES)[4:], idx(LABELS)),
    "unequal": (idx(IMAGES), idx(LABELS[:30])),
    "stray": (idx(IMAGES), idx(STRAY)),
    "zipped": (gzip.compress(idx(IMAGES), mtime=0)[:-9], idx(LABELS)),
}
FILES = {
    "word.csv": b"a,b,y\n" + ROWS.replace("50,1,0", "fifty,1,0").encode(),
    "gap.csv": b"a,b,y\n" + ROWS.replace("50,1,0", "50,,0").encode(),
    "short.csv": b"a,b,y\n1,2\n3\n",
    "empty.csv": b"",
    "bad.parquet": b"PAR1junkPAR1",
    "object.npz": npz(x=X, y=np.array([{}] * 100, dtype=object)),
    "nan.npz": npz(x=np.where(np.arange(300).reshape(100, 3) == 17, np.nan, X), y=Y),
    "cut.npz": npz(x=X, y=Y)[:-40],
    "wide.npz": npz(x=X, y=np.ones((100, 2, 2))),
}
FILES |= {f"{folder}/train-images-idx3-ubyte{'.gz' * (folder == 'zipped')}": a for folder, (a, _) in IDX.items()}
FILES |= {f"{folder}/train-labels-idx1-ubyte": b for folder, (_, b) in IDX.items()}


class Case(NamedTuple):
    """A command line, run in a folder with CONFIGS and perhaps a trained run, and words of the sentence."""

    arguments: str
    words: tuple[str, ...]
    needs_run: bool = False


def data(name, *words):
    """A case of data that cannot be used."""
    return train(f"--config.data.name={name}", *words)


def train(arguments, *words, needs_run=False):
    """A case of train.py with its two flags."""
    return Case(f"train --config=spirals.py --workdir=new {arguments}", words, needs_run)


def sweep(arguments, *words, needs_run=False):
    """A case of sweep.py with its two flags."""
    return Case(f"sweep --config=spirals.py --workdir=new {arguments}", words, needs_run)


def adaptive(arguments, *words):
    """A case of sweep.py in mode adaptive."""
    return sweep(f"--space.mode=adaptive {arguments}", *words)


def evolve(option, *words):
    """A case of sweep.py with an evolution."""
    return sweep(f"--space.arms=plain --space.{option}", *words)


def config(name, *words):
    """A case of a configuration file."""
    return Case(f"sweep --config={name} --workdir=new", words)


def predict(arguments, *words):
    """A case of predict.py on the trained run."""
    return Case(f"predict run --out=new.csv {arguments}", words, needs_run=True)


CASES = [
    # flags
    Case("train", ("--config is missing", "--config=mnist_mlp")),
    Case("train --config=spirals.py", ("--workdir is missing", "--workdir=runs/")),
    Case("train --config=spirals.py --workdir=", ("--workdir is missing",)),
    train("junk", "'junk' was not expected"),
    train("--workdirr=x", "Unknown flag --workdirr; did you mean --workdir?"),
    train("--nonsense", "Unknown flag --nonsense", "--config.FIELD=VALUE sets a field"),
    train("--learning_rate=1", "hyperparameters.learning_rate is set by --config.learning_rate=VALUE"),
    train("--space.seed=1", "takes no --space.FIELD flags"),
    train("--devices=x", "--devices=x: a whole number was expected"),
    train("--devices=0", "--devices=0: 0 is not a positive integer"),
    train("--devices=99", "99 devices", "use --devices="),
    sweep("--order=sharde", "--order=sharde", "auto|shared|own"),
    sweep("--lanes=0", "--lanes=0"),
    sweep("--keep=best", "keep is 'best', but all or best:K was expected", "such as best:10"),
    sweep("--keep=best:0", "keep is 'best:0'", "K of 1 or more"),
    sweep("--keep=3", "keep is '3', but all or best:K"),
    # configuration files
    config("nope.py", "'nope.py' does not exist; in . there is", "type.py"),
    config("spirlas.py", "'spirlas.py' does not exist; in . there is spirals.py"),
    config(".", "'.' is a folder"),
    config("no_suffix", "'no_suffix' is not a Python file"),
    config("syntax.py", "syntax.py has a mistake in line 1: SyntaxError"),
    config("import.py", "import.py has a mistake in line 1", "no_such_module"),
    config("assert.py", "assert.py has a mistake in line 3: AssertionError."),
    config("empty.py", "'empty.py' has no function get_config()"),
    config("keyword.py", "keyword.py has a mistake in line 3", "'epoch'"),
    config("part.py", "data is 'digits', but a DataConfig was expected"),
    config("type.py", "epochs is 'many', but a whole number was expected"),
    config("dict.py", "get_config() gives {'epochs': 3}, but an Experiment was expected"),
    config("space.py", "get_space() gives", "but a Space was expected"),
    config("axis.py", "The axis hyperparameters.learning_rate of the search space is 0.1, but a list"),
    config("arm.py", "The arm 'a' of the search space is {'epochs': 1}, but Arm("),
    config("range.py", "range.py has a mistake in line 5: The range 1 to 0 is empty"),
    # fields of the experiment
    train("--config.lerning_rate=1", "Unknown field 'lerning_rate'; did you mean hyperparameters.learning_rate?"),
    train("--config.modle.widths=1", "Unknown field 'modle.widths'; did you mean model.widths?"),
    train(
        "--config.color=red", "Unknown field 'color'; ", "written hyperparameters.color", "the fields are data.name, "
    ),
    train("--config.=3", "Unknown field ''"),
    train("--config.optimizer=adam", "'optimizer' is not a field but a group of them: write one of optimizer.name"),
    train("--config.name=adam", "ambiguous", "data.name, optimizer.name"),
    train("--config.epochs", "--config.epochs has no value"),
    train("--config.epochs --config.seed=1", "--config.epochs has no value"),
    train("--config.epochs=many", "epochs is 'many', but a whole number was expected"),
    train("--config.epochs=2.5", "epochs is '2.5', but a whole number was expected"),
    train("--config.widths=8,a", "model.widths is '8,a', but a list of whole numbers or none was expected"),
    train("--config.shuffle=maybe", "shuffle is 'maybe', but true or false was expected"),
    train("--config.batch_size=0", "batch_size is 0", "at least 1"),
    train("--config.learning_rate=-1", "hyperparameters.learning_rate is -1.0", "at least 0"),
    train("--config.seed=4294967296", "seed is 4294967296"),
    train("--config.loss=binary_crossentropi", "did you mean binary_crossentropy", "huber"),
    train("--config.optimizer.name=adm", "did you mean adam", "adagrad"),
    train("--config.activation=rely", "did you mean relu", "gelu"),
    train("--config.widths=1000000,1000000", "A trial needs 20,000.1 GB for its weights", "make model.widths smaller"),
    train("--config.batch_size=1000", "fewer than a batch of 1,000"),
    train("--config.data.name=blob", "no data set 'blob': did you mean blobs?"),
    train("--config.output_activation=relu --config.loss=kl_divergence", "(--config.allow_mismatch=true"),
    # search spaces
    train("--arm=plane", "There is no arm 'plane'; the arms are plain, more"),
    train("--arm=", "No arm is named; the arms are plain, more"),
    Case("train --config=range.py --workdir=new --arm=a", ("range.py has a mistake",)),
    sweep("--space.lerning_rate=1", "Unknown field 'lerning_rate'; did you mean hyperparameters.learning_rate?"),
    sweep("--space.mod=zip", "Unknown field 'mod' of the search space; did you mean mode?"),
    sweep("--space.mode=gird", "'gird', but one of grid, zip, random, sobol, halton, adaptive was expected"),
    sweep("--space.num=5", "--space.num is read in the modes random, sobol, halton, adaptive only"),
    sweep("--space.mode=random --space.num=0", "num=0"),
    sweep("--space.learning_rate=log:0:1:3", "learning_rate=log:0:1:3: A logarithmic range cannot begin at 0"),
    sweep("--space.learning_rate=log:1:0.1:3", "The range 1 to 0.1 is empty; the smaller end comes first"),
    sweep("--space.learning_rate=lin:nan:1:3", "nan to 1 is not finite"),
    sweep("--space.learning_rate=log:1", "log:LOW:HIGH:POINTS was expected"),
    sweep("--space.learning_rate=", "The axis hyperparameters.learning_rate of the search space is empty"),
    sweep("--space.learning_rate=a,b", "hyperparameters.learning_rate is 'a', but a number or none"),
    sweep("--space.mode=zip --space.batch_size=8,16,32", "lengths differ", "learning_rate has 2, batch_size has 3"),
    sweep("--space.arms=plane", "There is no arm 'plane'"),
    sweep("--space.seed=lin:0:4:5", "list them instead"),
    # the run folder
    Case("train --config=spirals.py --workdir=spirals.py", ("The folder spirals.py is a file; name a folder",)),
    Case(
        "train --config=spirals.py --workdir=spirals.py/x",
        ("The folder spirals.py/x lies in the file spirals.py; name a folder",),
    ),
    Case("train --config=spirals.py --workdir=.", ("holds files of something else (such as",)),
    Case(
        "sweep --config=spirals.py --workdir=run --config.epochs=3 --space.learning_rate=0.01,0.2",
        ("belongs to another experiment", "learning_rate: 0.01, 0.1 → 0.01, 0.2", "epochs: 2, 1 → 3", "--workdir"),
        needs_run=True,
    ),
    Case("sweep --config=spirals.py --workdir=run --keep=best:2", ("another experiment", "keep: all → best:2"), True),
    Case("train --config=spirals.py --workdir=run", ("another experiment", "trials: 4 → 1"), needs_run=True),
    # using a run
    Case("predict run", ("One run folder or file and --out were expected",)),
    Case("predict nowhere --out=new.csv", ("nowhere is not a run folder: it has no config.json",)),
    Case("predict run --out=new.txt", ("'new.txt' ends in '.txt', but .csv or .npz was expected",)),
    Case("predict run --out=nowhere/new.csv", ("The folder of 'nowhere/new.csv' does not exist",)),
    Case("predict run --out=/proc/new.csv", ("/proc/new.csv: ", "nothing half written"), needs_run=True),
    predict("--config.seed=1", "takes no --config.FIELD flags"),
    predict("--trial=4", "There is no trial 4; the run has trials 0 to 3"),
    predict("--weights=bets", "--weights=bets", "final|best"),
    predict("--data=parity:3", "parity:3 has 3 inputs, but the network was trained on 2 (two_spirals)"),
    Case("compare", ("At least one run folder was expected",)),
    Case("compare run --out=new.txt", ("'new.txt' ends in '.txt', but .csv was expected",)),
    Case("report", ("One run folder was expected",)),
    Case("keras_deck --out=new.csv --data=digits", ("digits holds no images in bytes", "name mnist")),
    Case("keras_deck --out=new.txt", ("'new.txt' ends in '.txt', but .csv was expected",)),
    Case("report run --out=nowhere/new.html", ("The folder of 'nowhere/new.html' does not exist",)),
    Case("report run --out=.", ("'.' ends in '', but .html was expected",)),
    Case("train --config=exit.py --workdir=new", ("exit.py has a mistake in line 4: SystemExit: 3",)),
    Case(
        "sweep --config=spirals.py --workdir=new --space.learning_rate=log:1e-3:1:99999999",
        ("has 99,999,999 trials, but 100,000 is the most",),
    ),
    Case(
        "sweep --config=spirals.py --workdir=new --space.mode=random --space.num=3000000",
        ("has 3,000,000 trials, but 100,000 is the most",),
    ),
    data("csv:word.csv", "column 'a'", "line 52", "'fifty'"),
    data("csv:gap.csv", "'b' has 1 missing", "line 52", "data.missing"),
    data("csv:short.csv", "short.csv"),
    data("csv:empty.csv", "empty.csv"),
    data("csv:bad.parquet", "is not a usable Parquet file"),
    data("npz:object.npz", "an array that cannot be used (y.npy holds pickled objects", "not objects"),
    data("npz:nan.npz", "1 value that is NaN or infinite", "example 5"),
    data("npz:cut.npz", "is not an .npz archive, or is cut short"),
    data("npz:wide.npz", "shape (100, 2, 2)"),
    data("idx:cut", "train-images-idx3-ubyte", "promises 40×4×4 values"),
    data("idx:foreign", "train-images-idx3-ubyte"),
    data("idx:unequal", "40 images", "30 labels", "do not belong together"),
    data("idx:stray", "labels 0 to 3, but also 255"),
    data("idx:zipped", "train-images-idx3-ubyte.gz", "damaged gzip file"),
    train("--config.learning_rate=nan", "learning_rate is nan, but a finite number, at least 0"),
    train("--config.learning_rate=inf", "learning_rate is inf, but a finite number, at least 0"),
    train("--config.preset=foo", "preset is 'foo'"),
    train("--config.schedule=foo", "schedule is 'foo'"),
    train("--config.metrics=foo", "metrics is 'foo'"),
    train("--config.kernel_init=foo", "kernel_init is 'foo'"),
    train("--config.dtype=float16", "dtype is 'float16'"),
    train("--config.patience=0", "patience is 0, but a whole number, at least 1"),
    train("--config.folds=1000", "data.folds is 1000, but a whole number from 2 to 155"),
    train("--config.folds=5 --config.fold=5", "data.fold is 5, but with 5 folds a whole number from 0 to 4"),
    train("--config.start_weights=nowhere.npz", "nowhere.npz does not exist"),
    train("--config.start_weights=spirals.py", "spirals.py is damaged"),
    adaptive("", "The arm 'more' starts from 'plain'", "--space.arms=A,B"),
    adaptive("--space.arms=plain --space.learning_rate=0.1", "nothing to ask for", "log:1e-4:1e-1"),
    adaptive("--space.arms=plain --space.num=8 --space.batch=9", "A batch of 9 settings", "num=8"),
    adaptive("--space.arms=plain --space.batch=0", "batch=0"),
    adaptive("--space.arms=plain --sampler=tpee", "--sampler=tpee", "tpe|cmaes|gp|qmc|random"),
    adaptive("--space.arms=plain --storage=study.db", "The storage 'study.db' cannot be used", "sqlite:///study.db"),
    adaptive("--space.arms=plain --storage=sqlite:////proc/x.db", "unable to open database file"),
    adaptive("--space.arms=plain --metric=loss", "The metric is 'loss', but one of val_loss, "),
    adaptive("--space.arms=plain --config.data.validation=0", "The metric is 'best_val_loss', but one of test_loss, "),
    Case("sweep --config=spirals.py --workdir=run --space.mode=adaptive --space.arms=plain", ("no study.log",), True),
    sweep("--sampler=tpe", "--sampler is read in the mode adaptive only; add --space.mode=adaptive"),
    sweep("--study=mine", "--study is read in the mode adaptive only"),
    sweep("--space.batch=4", "--space.batch is read in the mode adaptive only"),
    Case(
        "sweep --config=spirals.py --workdir=new --space.arms=plain --space.eta=3 --space.first=2",
        ("first rung at 2 epochs or later and eta 3, but the trials have 2",),
    ),
    Case("sweep --config=spirals.py --workdir=new --space.eta=1", ("eta=1, but a whole number, at least 2",)),
    Case("sweep --config=spirals.py --workdir=new --space.eta=2", ("trials of equal length, but these have 1, 2",)),
    evolve("every=0", "every=0, but a whole number of epochs, at least 1"),
    evolve("every=2", "every 2 epochs, but the trials have 2"),
    evolve("every=1.5", "space.every is '1.5', but a whole number was expected"),
    evolve("share=0.7 --space.every=1", "share=0.7, but a number above 0, at most 0.5"),
    evolve("every=1", "a share of 0.2", "the smallest group has 2", "take more settings, or a larger share"),
    evolve("factors=0.5,x", "space.factors is '0.5,x', but a list of numbers was expected"),
    evolve("factors=0.5,-1", "factors=(0.5, -1.0), but numbers above 0 were expected"),
    evolve("resample=2", "resample=2, but a probability from 0 to 1"),
    evolve("every=1 --space.share=0.5 --space.metric=loss", "no curve 'loss'", "val_loss"),
    evolve("every=1 --space.share=0.5 --config.patience=2", "patience would stop them before"),
    evolve("every=1 --space.learning_rate=0.1 --space.batch_size=8,16", "nothing to change while trials train"),
    evolve("every=1 --space.eta=2", "both halving", "and evolution", "leave one of them out"),
    evolve("every=1 --space.mode=adaptive", "Mode adaptive trains every setting to its end, but evolution"),
    evolve("every=1 --space.share=0.5 --space.dropout=lin:0:1:2", "dropout is 1.0"),
    evolve("every=1 --space.share=0.5 --space.draw_seed=-1", "draw_seed=-1, but at least 0"),
    sweep("--space.every=1", "trials of equal length, but these have 1, 2 epochs"),
    sweep("--space.every=1 --config.epochs=2", "some arms start from others' trained weights"),
    sweep("--space.evry=1", "Unknown field 'evry' of the search space; did you mean every?"),
    sweep(
        "--space.share=0.5 --workdir=run --space.arms=plain --space.every=1",
        "evolution: none → every 1",
        needs_run=True,
    ),
    Case("report .", (". is not a run folder: it has no config.json",)),
]


def test_names():
    """A command line stands in the table once."""
    assert len({case.arguments for case in CASES}) == len(CASES)


@pytest.fixture
def refuse(fork):
    """Run a script that refuses, and give its sentence."""
    return lambda *arguments, **options: complaint(fork(*arguments, **options))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.arguments)
def test_it_is_one_sentence_and_nothing_is_written(case, refuse, tmp_path, request):
    if "=/proc/" in case.arguments and sys.platform != "linux":
        pytest.skip("there is no /proc")
    for name, content in ({name: text.encode() for name, text in CONFIGS.items()} | FILES).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    if case.needs_run:
        shutil.copytree(request.getfixturevalue("trained")[0], tmp_path / "run")
    before = contents(tmp_path)
    sentence = refuse(*case.arguments.split(), cwd=tmp_path)
    for words in case.words:
        assert words in sentence
    assert contents(tmp_path) == before


def damage_config(folder):
    path = folder / "config.json"
    path.write_text(path.read_text("utf-8")[:200], "utf-8")
    return "config.json is damaged"


def damage_table(folder):
    path = folder / "trials.csv"
    path.write_text("\n".join(path.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")
    return "trials.csv is damaged"


def damage_weights(folder):
    path = folder / "checkpoints" / "weights_00001.npz"
    path.write_bytes(path.read_bytes()[:-1])
    return "weights_00001.npz is damaged"


def exchange_weights(folder):
    path = folder / "checkpoints" / "weights_00001.npz"
    with np.load(path) as file:
        np.savez(path, **{name: file[name][..., :1] for name in file.files})
    return "The weights of trial 1 cannot be used: The array 'final/layer_0/bias' has shape (1,), but (8,) was expected"


def unfinish(folder):
    path = folder / "trials.csv"
    table = pd.read_csv(path)
    table.loc[1, "status"], table.loc[1, "epochs"] = "running", 0
    table.to_csv(path, index=False)
    return "Trial 1 is running: it has no weights yet"


def keep_one(folder):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"keep": "best:1"}), "utf-8")
    (folder / "checkpoints" / "weights_00001.npz").unlink()
    return "The weights of trial 1 were not kept, those of 0, 2-3 were (keep=best:1)"


def empty_config(folder):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"trials": []}), "utf-8")
    return "config.json is damaged (it lists no trials)"


def damage_facts(folder):
    (folder / "data.json").write_text("{}", "utf-8")
    return "data.json is damaged"


def damage_curves(folder):
    path = folder / "curves.npz"
    path.write_bytes(path.read_bytes()[:300])
    return "curves.npz is damaged"


def damage_environment(folder):
    (folder / "environment.json").write_text("{", "utf-8")
    return "environment.json is damaged (JSONDecodeError"


DAMAGES = [
    damage_config,
    empty_config,
    damage_facts,
    damage_curves,
    damage_environment,
    damage_table,
    damage_weights,
    exchange_weights,
    unfinish,
    keep_one,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_folder_is_one_sentence(damage, copy, tmp_path, refuse):
    words = damage(copy)
    before = contents(tmp_path)
    assert words in refuse("predict", copy, f"--out={tmp_path / 'new.csv'}", "--trial=1")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("damage", [damage_config, empty_config, damage_facts, damage_curves, damage_environment])
def test_a_damaged_run_folder_is_not_resumed(damage, copy, config, refuse):
    words = damage(copy)
    before = contents(copy)
    arguments = ("--space.learning_rate=log:0.01:0.1:2", "--space.seed=0,0")
    assert words in refuse("sweep", f"--config={config}", f"--workdir={copy}", *arguments)
    assert contents(copy) == before


@pytest.mark.parametrize("absent", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_trial_whose_weights_are_lost_is_trained_again(absent, copy, config, fork):
    """Trial 3 starts from trial 1 and is still to be trained; both come out as they were."""
    whole = {i: (copy / "checkpoints" / f"weights_0000{i}.npz").read_bytes() for i in (1, 3)}
    damage_weights(copy)
    if absent:
        (copy / "checkpoints" / "weights_00001.npz").unlink()
    (copy / "checkpoints" / "weights_00003.npz").unlink()
    arguments = ("--space.learning_rate=log:0.01:0.1:2", "--space.seed=0,0")
    done = fork("sweep", f"--config={config}", f"--workdir={copy}", *arguments)
    assert done.returncode == 0, done.stderr
    assert f"weights_00001.npz {'does not exist' if absent else 'is damaged'}" in done.stdout
    assert "Trial 1 is trained again." in done.stdout
    assert "Trial 3 is trained again." in done.stdout
    for trial, content in whole.items():
        with np.load(io.BytesIO(content)) as before, np.load(copy / "checkpoints" / f"weights_0000{trial}.npz") as now:
            for name in before.files:
                np.testing.assert_allclose(now[name], before[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_workdir_in_use_is_refused(copy, config, refuse):
    with filelock.FileLock(copy / ".lock"):
        before = contents(copy)
        sentence = refuse("sweep", f"--config={config}", f"--workdir={copy}")
    assert f"Another process is using the workdir {copy}; wait" in sentence
    assert contents(copy) == before
