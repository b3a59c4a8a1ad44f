"""The study on a few examples, from the sets to the page; and who wins on numbers made by hand."""

import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig, Experiment, ModelConfig
from nnjax.lectures.studies.latent_value.page import best, contest, table
from nnjax.lectures.studies.latent_value.study import LatentValue
from nnjax.lectures.studies.latent_value.text import sentences, winner, winners


def network(data):
    return Experiment(
        data=data,
        model=ModelConfig("autoencoder", widths=(8,), output_activation="linear"),
        loss="mean_squared_error",
        epochs=1,
        batch_size=50,
        train_eval_size=0,
    )


TINY = LatentValue(
    sets={"bells": network(DataConfig("cbf:90", test=30, validation=0, scaling="none"))},
    around=(12,),
    arms={"autoencoder": {}},
    widths=(2, 4),
    seeds=(0, 1),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("value")
    assert TINY.run(path, lambda text: None) == path / "study.html"
    return path


@pytest.mark.slow
@pytest.mark.slow
def test_every_method_width_and_seed_is_a_row(folder):
    found = pd.read_csv(folder / "results.csv")
    drawn = {"PCA": 2, "ICA": 4, "k-means": 4, "autoencoder": 4, "all inputs": 1, "all inputs, DTW": 1}
    assert dict(found.groupby("method").size()) == drawn | {"LDA": 1}  # three classes: 2 axes
    assert found.loc[found["width"] < 128, "dtw_recall"].between(0, 1).all()
    copies = found.groupby(["method", "width"])["reconstruction"].mean()
    assert copies["PCA", 4] < copies["PCA", 2] < copies["k-means", 2]
    assert copies["ICA", 2] == pytest.approx(copies["PCA", 2], rel=1e-4)  # the same plane


@pytest.mark.slow
def test_the_page_stands_alone(folder):
    page = (folder / "study.html").read_text("utf-8")
    assert "Is the latent space worth it?" in page
    assert "PCA or an autoencoder?" in page
    assert page.count("data:image/png;base64,") == 1
    assert "http://" not in page
    assert "https://" not in page
    assert (folder / "figure.png").read_bytes()[:4] == b"\x89PNG"


def test_data_without_classes_are_refused(tmp_path):
    data = DataConfig("digits", test=0, validation=0)
    study = LatentValue({"digits": network(data)}, (12,), {"autoencoder": {}}, (2,), (0,))
    with pytest.raises(UserError, match="no labeled test examples"):
        study.run(tmp_path, print)


COLUMNS = ["set", "method", "width", "seed", "knn_accuracy", "reconstruction"]
BY_HAND = pd.DataFrame(
    [
        ("s", "all inputs", 9, None, 0.8, None),
        ("s", "PCA", 2, None, 0.5, 0.3),
        ("s", "A", 2, 0, 0.6, 0.2),
        ("s", "A", 2, 1, 0.7, 0.4),
        ("s", "B", 2, 0, 0.1, 0.5),
        ("s", "PCA", 4, None, 0.9, 0.1),
        ("s", "A", 4, 0, 0.7, 0.2),
        ("s", "A", 4, 1, 0.8, 0.3),
    ],
    columns=COLUMNS,
)


def test_who_wins_by_hand():
    """At 2 A has more right with both seeds, and better copies with one only; at 4 PCA is better in both."""
    won = winners(BY_HAND, ["A", "B"])
    assert won == {
        ("s", "knn_accuracy", 2): "autoencoder",
        ("s", "reconstruction", 2): "–",
        ("s", "knn_accuracy", 4): "PCA",
        ("s", "reconstruction", 4): "PCA",
    }
    assert winner(BY_HAND[BY_HAND["width"] == 2], "knn_accuracy", ["B"]) == "PCA"
    assert contest(won).rows == [["s"], ["5-NN right", "autoencoder", "PCA"], ["squared error", "–", "PCA"]]
    assert sentences(BY_HAND, won) == [
        "s: at equal width PCA wins 2 of 4 comparisons, an autoencoder 1, and 1 depend on the seed or the kind. Better "
        "copies: PCA at 4 numbers; neither at 2 numbers.",
        "s: the best code for 5 nearest neighbors is PCA, 4 numbers: 0.900 (all inputs 0.800).",
    ]


def test_the_table_by_hand():
    rows = {tuple(row[:2]): row[2:] for row in table(BY_HAND).rows}
    assert rows["A", "2"] == ["0.650 ± 0.071 ★", "0.300 ± 0.141"]
    assert rows["PCA", "4"] == ["0.900 ★", "0.100 ★"]
    assert rows["all inputs", "9"] == ["0.800", "–"]
    assert best(BY_HAND[BY_HAND["width"] == 9], "knn_accuracy") is None
