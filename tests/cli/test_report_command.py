"""`nnjax report A B`: the page of two run folders, and what is said of folders that cannot be compared."""

import types

import pytest
from fake_runs import AUTOENCODER, CLASSIFIER, REGRESSOR, fake_run, table
from test_entry import nnjax_command

from nnjax.cli.commands import report
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.runs.folder import FolderStore
from nnjax.spaces.space import Space

SEEDS = Space({"seed": (0, 1, 2)})


def saved(folder, experiment, dataset=None):
    """Put a made-up run of three seeds into a run folder."""
    run, store = fake_run(experiment, SEEDS, dataset=dataset), FolderStore(folder)
    store.begin(run.specs[0].experiment, run.specs, {run.specs[0].experiment.data: run.facts()}, (), "")
    store.save_records(run.specs, run.records)
    store.release()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    saved(root / "one", CLASSIFIER)
    saved(root / "wide", replace(CLASSIFIER, {"widths": (16,)}))
    saved(root / "copies", AUTOENCODER)
    saved(root / "mse", REGRESSOR, table())
    saved(root / "huber", replace(REGRESSOR, {"loss": "huber"}), table())
    saved(root / "table", REGRESSOR, table(n=180))
    (root / "empty").mkdir()
    return root


@pytest.fixture
def command(monkeypatch, folders):
    """`nnjax report`, called within the folder of the runs."""
    monkeypatch.chdir(folders)
    monkeypatch.setattr(report, "start_jax", lambda: None)

    def run(*names, **options):
        monkeypatch.setattr(report, "FLAGS", types.SimpleNamespace(**({"out": None, "title": None} | options)))
        report.run(["report", *names])

    return run


def test_two_folders_give_one_page(command, folders, capsys):
    command("one", "wide")
    assert capsys.readouterr().out.endswith("one/comparison.html\n")
    page = (folders / "one" / "comparison.html").read_text("utf-8")
    assert "widths" in page
    command("one", "wide", out="other.html")
    assert (folders / "other.html").exists()


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("one", "nowhere"), "nowhere"),
        (("nowhere", "one"), "nowhere"),
        (("one", "empty"), "empty"),
        (("one", "one"), "A run cannot be compared with itself; name another run."),
        (("one", "./wide/../one/"), "A run cannot be compared with itself; name another run."),
        (("one", "copies"), "goal .A classification, B reconstruction."),
        (("mse", "table"), "differ in their data"),
        (("mse", "huber"), "no metric was recorded in both"),
        (("one", "wide", "mse"), "One run folder was expected, or two to compare, but 3 were given"),
    ],
)
def test_folders_that_cannot_be_compared(command, names, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        command(*names)
    assert "\n" not in str(error.value)


def test_two_runs_take_no_title_and_the_page_is_html(command):
    with pytest.raises(UserError, match="--title names the report of one run, but two were given"):
        command("one", "wide", title="Mine")
    with pytest.raises(UserError, match="html"):
        command("one", "wide", out="page.pdf")


def test_the_command_ends_with_status_2_and_one_sentence(folders):
    done = nnjax_command("report", "one", "nowhere", cwd=folders)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "nowhere" in done.stderr
