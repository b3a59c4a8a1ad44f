"""Sentences and tables from numbers worked by hand."""

import pandas as pd

from nnjax.lectures.studies.models_and_distances.page import accuracies, agreements, draw, effect, page, sentences

ROWS = [  # kind, method, accuracies of two splits on a table and on images, ari
    ("model", "linear regression", (0.70, 0.72), (0.50, 0.50), None),
    ("model", "random forest", (0.90, 0.92), (0.60, 0.64), None),
    ("kNN", "kNN, Euclidean", (0.80, 0.80), (0.70, 0.74), None),
    ("clusters", "k-medoids, Euclidean", (0.60, 0.60), (0.40, 0.40), 0.25),
    ("kNN", "kNN, Manhattan", (0.85, 0.97), (0.65, 0.65), None),
    ("clusters", "k-medoids, Manhattan", (0.55, 0.55), (0.45, 0.45), 0.5),
    ("kNN", "kNN, Jaccard", (0.50, 0.50), (0.60, 0.60), None),
    ("kNN", "kNN, DTW", None, (0.90, 0.90), None),
    ("clusters", "k-means, Euclidean", (0.99, 0.99), (0.99, 0.99), 0.75),
]


def results():
    rows = []
    for data, view, place in (("wine", "table", 2), ("digits", "image", 3)):
        for kind, method, *values in ROWS:
            for seed, accuracy in enumerate(values[place - 2] or ()):
                row = {"data": data, "view": view, "train": 1000, "test": 20, "seed": seed, "kind": kind}
                rows.append(row | {"method": method, "accuracy": accuracy, "ari": values[2], "ami": values[2]})
    return pd.DataFrame(rows)


def test_effects():
    """Means by hand: of k-means there is one distance only, so it is no choice."""
    assert str(effect(results(), "wine", "kNN")) == "41.0 points (Jaccard 50.0 %, Manhattan 91.0 %)"
    assert str(effect(results(), "wine", "kNN", "kNN, Jaccard")) == "11.0 points (Euclidean 80.0 %, Manhattan 91.0 %)"
    assert str(effect(results(), "digits", "kNN")) == "30.0 points (Jaccard 60.0 %, DTW 90.0 %)"
    assert str(effect(results(), "wine", "model")) == "20.0 points (linear regression 71.0 %, random forest 91.0 %)"
    assert str(effect(results(), "wine", "clusters")) == "5.0 points (Manhattan 55.0 %, Euclidean 60.0 %)"


def test_sentences():
    said = sentences(results())
    assert said[0].startswith("On wine the distance changes nearest neighbors by 41.0 points")
    assert "by 11.0 without Jaccard" in said[0]
    assert said[1].startswith("On digits")
    assert "wine +0.0 ± 7.1 points (ahead in 1 of 2)" in said[2]  # −5 and +5
    assert "digits +28.0 ± 2.8 points (ahead in 2 of 2)" in said[2]  # 30 and 26
    assert "wine 5.0 points" in said[3]


def test_the_table_groups_and_leaves_blank():
    table = accuracies(results())
    assert table.columns == ["", "wine", "digits"]
    assert [row[0] for row in table.rows if len(row) == 1] == [
        "Models",
        "Nearest neighbors",
        "Clusters, found without labels",
    ]
    assert ["kNN, Manhattan", "91.0 ± 8.5", "65.0 ± 0.0"] in table.rows  # 6 √2
    assert ["kNN, DTW", "–", "90.0 ± 0.0"] in table.rows
    assert agreements(results()).rows[0] == ["k-medoids, Euclidean", *["0.25 ± 0.00"] * 4]
    assert agreements(results()).columns[1:3] == ["wine, ARI", "wine, AMI"]


def test_the_page_says_why_there_is_a_blank():
    notes = page(results()).tables[0].notes
    assert notes[1:] == ["– wine under DTW: the columns of a table have no order, so there is nothing to warp."]
    assert (
        page(results())
        .how[0]
        .startswith(
            "2 random splits, the same ones for every method: wine (table) 1,000 to learn from and 20 to test on;"
        )
    )


def test_the_figure_has_a_column_a_set_and_all_methods():
    figure = draw(results())
    figure.canvas.draw()
    assert [axes.get_title() for axes in figure.axes] == ["wine", "digits", "", ""]
    labels = [[text.get_text() for text in figure.axes[i].get_yticklabels()] for i in (0, 2)]
    assert labels[0][:3] == ["linear regression", "random forest", "kNN, Euclidean"]
    assert labels[1] == ["k-medoids, Euclidean", "k-medoids, Manhattan", "k-means, Euclidean"]
    blank = [text.get_text() for text in figure.axes[0].texts]
    assert blank == ["–"]  # DTW on wine
