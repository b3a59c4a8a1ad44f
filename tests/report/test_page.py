import json
import re

import pytest
from fake_runs import (
    AUTOENCODER,
    CLASSIFIER,
    DEMO,
    DIVERGED,
    REGRESSOR,
    RUNNING,
    WAITING,
    fake_run,
    hostile,
    searched,
    table,
)
from page import Page, text_of

from nnjax.cli.printing import summary_table
from nnjax.core.errors import UserError
from nnjax.core.fields import replace
from nnjax.report import chosen_scores as scores
from nnjax.report import rendering
from nnjax.report.chosen_scores import chosen_scores
from nnjax.report.page import write_report
from nnjax.runs import choice, run_networks
from nnjax.runs.settings import collect_settings
from nnjax.spaces.space import Arm, Space
from nnjax.train.storage.selection import rank


def rendered(run) -> Page:
    return Page(text_of(run))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    path = write_report(fake_run(space=DEMO, title="The deck's autoencoders"), folder)
    return path, path.read_text("utf-8")


def test_files_of_a_mixed_run(demo):
    path, text = demo
    assert path.name == "report.html"
    figures = sorted(p.name for p in (path.parent / "figures").iterdir())
    assert figures == ["confusion.png", "curves.svg", "latent.png", "reconstructions.png", "weights.png"]
    assert not [p for p in path.parent.iterdir() if p.name.startswith(".")]  # no temporary file is left
    assert len(text.encode()) < 2e6


def test_sections_of_a_mixed_run(demo):
    expected = [
        "scores",
        "chosen",
        "diagnoses",
        "curves",
        "play",
        "reconstructions",
        "latent",
        "weights",
        "mistakes",
        "run",
        "trials",
        "model_summary",
    ]
    assert Page(demo[1]).sections() == [*expected, "environment"]


def test_page_needs_nothing_from_outside(demo):
    found = Page(demo[1])
    for tag, name, value in found.attributes:
        if name in ("src", "href", "srcset", "data", "action", "poster"):
            assert value.startswith(("data:", "#")), (tag, name, value)
    assert "link" not in found.tags
    policy = next(value for _, name, value in found.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    own = "".join(path.read_text("utf-8") for path in rendering.TEMPLATES.iterdir() if path.suffix in (".css", ".js"))
    assert "http" not in own
    assert "@import" not in own


def test_curves_are_in_the_page_as_data(demo):
    found = Page(demo[1])
    charts = json.loads(found.scripts[0])["charts"]
    assert [chart["name"] for chart in charts][:2] == ["mean_squared_error", "binary_crossentropy"]
    assert len(charts[0]["lines"][0]["rows"][0]) == 4 * 6


def test_page_says_what_was_run_and_what_did_best(demo):
    text = " ".join(Page(demo[1]).text)
    assert "The deck's autoencoders" in text
    assert "Five networks were trained on 200 images of digits" in text
    assert "PCA-16" in text
    assert "entropy floor" in text


def test_every_picture_and_chart_has_a_text(demo):
    page = Page(demo[1])
    labels = {(tag, name) for tag, name, value in page.attributes if value}
    images = [tag for tag in page.tags if tag == "img"]
    alts = [value for tag, name, value in page.attributes if tag == "img" and name == "alt"]
    assert images
    assert len([alt for alt in alts if alt]) == len(images)
    drawings = page.tags.count("svg")
    assert (
        len([1 for tag, name, value in page.attributes if tag == "svg" and name == "aria-label" and value]) == drawings
    )
    assert ("nav", "aria-label") in labels


def test_names_cannot_break_out():
    run = hostile()
    text = text_of(run)
    parsed, plain = Page(text), rendered(fake_run(space=DEMO))
    assert parsed.tags.count("script") == plain.tags.count("script") == 3
    assert "alert" not in "".join(tag for tag, *_ in parsed.attributes)
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert not [value for tag, name, value in parsed.attributes if tag == "img" and value == "x"]
    labels = list(json.loads(parsed.scripts[0])["labels"].values())
    assert labels[0] == "</script><script>alert(1)</script>"
    assert "49" not in labels[-1]  # {{ 7 * 7 }} is a name
    assert "<!--" not in text
    written = "".join(parsed.text)
    assert "</script><script>alert(1)</script> was found." in written
    assert "<b>Mend</b> it & [bold]go on[/bold]." in written


@pytest.mark.parametrize(
    "text", ["</script>", "<!--", "]]>", "\u2028\u2029", "&lt;", "'\"\\", "<script", "\x00", "\U0001f600"]
)
def test_json_in_a_script_element(text):
    safe = rendering.safe_json({text: [text]})
    assert json.loads(safe) == {text: [text]}
    assert re.search(r"[<>&\u2028\u2029]", safe) is None


def test_json_refuses_what_javascript_cannot_read():
    with pytest.raises(ValueError, match="JSON"):
        rendering.safe_json([float("nan")])


CASES = {
    "classifier": (CLASSIFIER, Space(), None, {}, {"mistakes", "weights"}),
    "binary": (
        replace(CLASSIFIER, {"output_activation": "sigmoid", "loss": "binary_crossentropy"}),
        Space(),
        table("classification"),
        {},
        {"mistakes"},
    ),
    "regression": (REGRESSOR, Space(axes={"seed": (0, 1)}), table(), {}, {"predictions"}),
    "autoencoder of a table": (
        replace(AUTOENCODER, {"data.scaling": "standard", "widths": (4, 2, 4)}),
        Space(),
        table("none"),
        {},
        {"latent"},
    ),
    "one epoch, nothing held out": (
        replace(CLASSIFIER, {"epochs": 1, "data.validation": 0, "data.test": 0}),
        Space(),
        None,
        {},
        {"mistakes", "weights"},
    ),
    "no hidden layer": (replace(CLASSIFIER, {"widths": ()}), Space(), None, {}, {"mistakes", "weights"}),
    "diverged and unfinished": (
        AUTOENCODER,
        Space(axes={"seed": range(3)}),
        None,
        {0: DIVERGED, 1: RUNNING, 2: WAITING},
        set(),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_run_has_its_page(case):
    experiment, space, dataset, statuses, expected = CASES[case]
    found = rendered(fake_run(experiment, space, dataset, statuses))
    assert {"scores", "curves", "run", "trials", "environment"} <= set(found.sections())
    looks = {"reconstructions", "latent", "weights", "mistakes", "predictions"}
    assert looks & set(found.sections()) == expected
    assert not re.search(r"\bnan\b|None|\binf\b", " ".join(found.text))


def test_a_run_of_which_nothing_is_known_yet():
    found = rendered(fake_run(space=DEMO, statuses=dict.fromkeys(range(5), WAITING)))
    assert "curves" not in found.sections()
    assert found.tags.count("script") == 1  # no data without a chart


def test_weights_and_rankings_are_read_once(tmp_path, monkeypatch):
    """Each file of weights is read once a report; settings are collected and ranked once, and tested once."""
    run, read, asked = fake_run(space=DEMO), [], []
    real = run.store.load_weights
    monkeypatch.setattr(run.store, "load_weights", lambda trial: read.append(trial) or real(trial))
    monkeypatch.setattr(run_networks, "collect_settings", lambda run: asked.append("settings") or collect_settings(run))
    monkeypatch.setattr(choice, "rank", lambda *known: asked.append("rankings") or rank(*known))
    monkeypatch.setattr(scores, "chosen_scores", lambda run: asked.append("scores") or chosen_scores(run))
    write_report(run, tmp_path)
    summary_table(run)
    assert run.chosen_scores
    assert sorted(read) == [0, 1, 2, 3, 4]
    assert sorted(asked) == ["rankings", "scores", "settings"]


def test_data_that_are_gone_are_told(monkeypatch):
    run = fake_run(space=DEMO)

    def gone(trial):
        raise UserError("The data are gone.")

    monkeypatch.setattr(run, "data", gone)
    text = " ".join(rendered(run).text)
    assert "The data are gone." in text
    assert "All trials" in text


@pytest.mark.slow
def test_a_thousand_trials_fit(tmp_path):
    run = searched(1000, 50)
    path = write_report(run, tmp_path)  # 5 s on an idle machine
    assert path.stat().st_size <= 4e6
    found = Page(path.read_text("utf-8"))
    assert found.tags.count("tr") > 1000
    sweep, charts = json.loads(found.scripts[0]), json.loads(found.scripts[1])["charts"]
    assert len(sweep["settings"]) == 1000
    validation = [line for line in charts[0]["lines"] if line["part"] == "validation"]
    assert sum(len(line["rows"]) for line in validation) == 1000 - 126  # the others diverged in their first epoch
    assert max(len(row) for line in validation for row in line["rows"]) == 4 * 50


def test_a_sweep_has_a_section_on_its_space():
    run = searched(60, 20)
    found = rendered(run)
    text = " ".join(" ".join(found.text).split())
    assert found.sections()[:3] == ["scores", "chosen", "space"]
    assert ("table", "class", "sortable linked") in found.attributes
    dropped = sum(record.status == "dropped" for record in run.records)
    assert f"{dropped} of 60 trials were dropped; trial-epochs trained" in text
    assert "Which of 30 settings classifies digits best?" in text
    assert "What mattered" in text
    assert "trials that diverged have learning_rate ≥ 0.3" in text


def test_a_sweep_of_which_nothing_is_known_yet_has_no_charts():
    space = Space(axes={"learning_rate": (0.1, 0.2, 0.3)})
    found = rendered(fake_run(CLASSIFIER, space, statuses=dict.fromkeys(range(3), WAITING)))
    assert "space" in found.sections()
    assert not [value for _, name, value in found.attributes if name == "id" and value == "parallel"]
    diverged = rendered(fake_run(CLASSIFIER, space, statuses=dict.fromkeys(range(3), DIVERGED)))
    assert "All three trials that diverged" not in " ".join(diverged.text)
    assert "3 of 3 trials diverged." in " ".join(diverged.text)


def test_names_cannot_break_out_of_a_sweep():
    arms = {"</script><script>alert(1)</script>": Arm(), '"><b': Arm()}
    run = fake_run(CLASSIFIER, Space(axes={"learning_rate": (0.1, 0.2)}, arms=arms))
    found = rendered(run)
    assert found.tags.count("script") == 4
    levels = next(f["levels"] for f in json.loads(found.scripts[0])["fields"] if f["name"] == "arm")
    assert levels == list(arms)


def test_where_the_report_goes(tmp_path):
    run = fake_run(CLASSIFIER)
    assert run.report(tmp_path / "mine.html") == tmp_path / "mine.html"
    assert (tmp_path / "figures" / "curves.svg").exists()
    assert run.report(str(tmp_path / "folder")) == tmp_path / "folder" / "report.html"
    with pytest.raises(UserError, match="lives in memory"):
        run.report()


def test_a_path_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UserError, match="is a file; name a folder"):
        fake_run(CLASSIFIER).report(tmp_path / "file" / "report.html")
