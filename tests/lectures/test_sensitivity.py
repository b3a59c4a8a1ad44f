"""The study on a few examples, from the settings to the page; and its sentences on scores made by hand."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from nnjax.embed.method_sweeps import method_sweeps
from nnjax.embed.methods import Embedding
from nnjax.embed.study import Axes
from nnjax.lectures.studies.sensitivity.page import compare_spread
from nnjax.lectures.studies.sensitivity.study import Sensitivity
from nnjax.report.embedding.embedding_figures import chosen, shape
from nnjax.report.embedding.method_sweep_tables import by_rate, share_table

TINY = Sensitivity(
    sweeps=(
        Axes(("pca",)),
        Axes(
            ("tsne",), seeds=(0, 1), perplexities=(3.0, 8.0), learning_rates=(10.0, 50.0), init="random", iterations=50
        ),
        Axes(("umap",)),
    ),
    autoencoder=Experiment(
        data=DataConfig("digits", limit=100, validation=0, test=60),
        model=ModelConfig("autoencoder", widths=(8,), output_activation="linear"),
        loss="mean_squared_error",
        epochs=1,
        batch_size=50,
        train_eval_size=0,
    ),
    arms={"latent 8": {}},
    rates=(0.001, 0.01),
    seeds=(0, 1),
    limit=50,
    k=5,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder, parts = tmp_path_factory.mktemp("sensitivity"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "umap", None)
        assert TINY.run(folder, parts.append) == folder / "study.html"
    return folder, parts


@pytest.mark.slow
@pytest.mark.slow
def test_every_setting_is_a_row(made):
    table = pd.read_csv(made[0] / "results.csv")
    assert dict(table["sweep"].value_counts()) == {"t-SNE, random start": 8, "latent 8": 4, "PCA": 1}
    layouts = table[table["sweep"] == "t-SNE, random start"]
    assert len(layouts.drop_duplicates(["perplexity", "learning_rate", "seed"])) == 8
    assert table["trustworthiness"].between(0.3, 1).all()


@pytest.mark.slow
def test_the_page_says_what_is_missing_and_stands_alone(made):
    folder, parts = made
    assert any("umap" in sentence and "left out" in sentence for sentence in parts)
    page = (folder / "study.html").read_text("utf-8")
    assert "How sensitive are layouts of 50 examples of digits?" in page
    assert page.count("data:image/png;base64,") == 2
    assert "the claim" in page
    assert "UMAP" not in page.split("Of the variance over all layouts")[1].split("</p>")[0]
    assert "http://" not in page
    assert "https://" not in page
    for name in ("figure.png", "scores.png"):
        assert (folder / name).read_bytes()[:4] == b"\x89PNG"


def test_data_without_a_test_part_are_refused(tmp_path):
    data = dataclasses.replace(TINY.autoencoder.data, test=0)
    study = dataclasses.replace(TINY, autoencoder=dataclasses.replace(TINY.autoencoder, data=data))
    with pytest.raises(UserError, match="have no test part"):
        study.run(tmp_path, print)


def test_who_varies_more_by_hand():
    text = compare_spread("Spread", {"a": 0.3, "b": 0.1, "c": 0.2}, {"x": 0.15, "y": 0.25})
    assert text == (
        "Spread, beside latent spaces (0.150 to 0.250): the claim holds for a. More than any of them: a (0.300); "
        "as they do: c (0.200); less: b (0.100)."
    )
    assert "the claim does not hold" in compare_spread("Spread", {"b": 0.1}, {"x": 0.15})


@pytest.fixture
def sweep():
    """Two rates × two seeds: the seed turns the layout at the first rate, and makes another one at the second."""
    rng = np.random.default_rng(0)
    first, other = rng.normal(size=(2, 20, 2))
    layouts = {(1.0, 0): first, (1.0, 1): first[:, ::-1], (2.0, 0): first, (2.0, 1): other}
    made = [
        (
            Embedding("tsne", y, {"learning_rate": rate, "seed": seed, "init": "random"}, {}),
            {"trustworthiness": rate, "shepard": seed},
        )
        for (rate, seed), y in layouts.items()
    ]
    return method_sweeps(made)[0]


def test_distances_by_rate(sweep):
    first, second = (part.split(": ") for part in by_rate(sweep).split(", "))
    assert first == ["1", "0.00"]
    assert second[0] == "2"
    assert float(second[1]) > 0.5


def test_a_score_is_moved_by_the_rate_alone(sweep):
    rows = share_table([sweep]).rows
    assert rows == [["t-SNE, random start: T(10)", "100%", "0%"], ["t-SNE, random start: Shepard", "0%", "100%"]]


def test_panels_fill_their_rows(sweep):
    assert [shape(count) for count in (1, 8, 9, 12, 24, 32)] == [(1, 8), (1, 8), (1, 9), (2, 6), (3, 8), (4, 8)]
    assert chosen(sweep) == [0, 2]  # the first seed
