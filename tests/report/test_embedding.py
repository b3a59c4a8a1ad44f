"""The embedding report: what it carries is what was computed, and the page works in a browser."""

import base64
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from browser import CHROMIUM, browser
from PIL import Image

from nnjax.data import from_arrays, load
from nnjax.embed.points import choose_rows
from nnjax.embed.quality import quality
from nnjax.embed.study import Axes, study
from nnjax.embed.variation import to_plane
from nnjax.report import embedding
from nnjax.report.embedding import packing, text

SETTINGS = Axes(methods=("pca", "tsne"), perplexities=(5.0, 20.0), seeds=(0, 1), iterations=300)

FRAMES = """(async () => {
  const begin = performance.now();
  for (let i = 0; i < 10; i++) { embedding.zoom(1.01, 300, 300); await new Promise(requestAnimationFrame); }
  return (performance.now() - begin) / 10;
})()"""


@pytest.fixture(scope="module")
def made():
    """120 digits: PCA and four layouts."""
    digits = load("digits")
    return study(digits, choose_rows(digits, np.arange(len(digits.x)), 120), SETTINGS)


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    out = tmp_path_factory.mktemp("embedding")
    embedding.write(made, out, [("command", "python scripts/embed.py </script>")])
    return out


def carried(folder):
    page = (folder / "report.html").read_text("utf-8")
    return json.loads(re.search(r'id="embedding-data">(.*?)</script>', page, re.S)[1])


def test_files_hold_the_positions_and_the_measures(made, folder):
    with np.load(folder / "embedding.npz") as file:
        np.testing.assert_array_equal(file["embedding_1"], made.embeddings[1].y)
        np.testing.assert_array_equal(file["rows"], made.rows)
        np.testing.assert_array_equal(file["labels"], made.labels)
    table = pd.read_csv(folder / "embedding.csv")
    assert list(table.columns) == ["embedding", "row", "class", "y0", "y1"]
    np.testing.assert_allclose(table[table.embedding == 2][["y0", "y1"]], made.embeddings[2].y, rtol=1e-5)
    measures = pd.read_csv(folder / "quality.csv")
    assert list(measures.label) == ["PCA", *(f"t-SNE, perplexity {u}, seed {s}" for u in (5, 20) for s in (0, 1))]
    np.testing.assert_allclose(measures.trustworthiness, [q["trustworthiness"] for q in made.qualities], rtol=1e-5)


def test_the_page_carries_positions_neighbors_and_images(made, folder):
    data = carried(folder)
    assert [layout["options"] for layout in data["layouts"]][1] == {"method": "t-SNE", "perplexity": 5, "seed": 0}
    assert data["first"] == int(np.argmax([q["trustworthiness"] for q in made.qualities]))
    # Positions: the same distances as computed, but for size.
    raw = np.frombuffer(base64.b64decode(data["layouts"][3]["xy"]), "<u2").reshape(-1, 2).astype(float)
    y = made.embeddings[3].y
    ratio = np.linalg.norm(raw - raw[0], axis=1)[1:] / np.linalg.norm(y - y[0], axis=1)[1:]
    assert ratio.std() / ratio.mean() < 1e-3
    near = np.frombuffer(base64.b64decode(data["neighbors"]["index"]), "<u4").reshape(120, -1)
    distances = np.linalg.norm(made.x[:, None] - made.x[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    shown = np.sort(np.take_along_axis(distances, near.astype(int), axis=1), axis=1)
    np.testing.assert_allclose(shown, np.sort(distances, axis=1)[:, : near.shape[1]])
    sheet = data["sheet"]
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["uri"].split(",")[1]))).convert("L"), float)
    row, column = divmod(37, sheet["columns"])
    found = image[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] / 255
    np.testing.assert_allclose(found, made.images[37], atol=0.01)
    assert data["groups"]["class"]["of"] == made.labels.tolist()


def test_turning_brings_layouts_together():
    """A turned, mirrored, moved and enlarged copy lies on the first; distances keep their proportions."""
    first = np.random.default_rng(0).normal(size=(50, 2))
    turn = np.array([[np.cos(2), np.sin(2)], [np.sin(2), -np.cos(2)]])
    found = packing.aligned([first, 7 * first @ turn + 3])
    np.testing.assert_allclose(found[0], found[1], atol=1e-9)
    assert np.abs(found[0]).max() == pytest.approx(1)


def test_codes_of_other_widths_are_drawn_in_the_plane():
    codes = np.random.default_rng(0).normal(size=(40, 5)) * [9, 5, 1, 1, 1]
    drawn = to_plane(codes)
    assert abs(np.corrcoef(drawn[:, 0], codes[:, 0])[0, 1]) > 0.95
    line = to_plane(codes[:, :1])
    np.testing.assert_array_equal(line[:, 0], codes[:, 0])
    assert (np.diff(line[np.argsort(codes[:, 0]), 1]) > 0).all()


def test_what_it_says(made):
    assert text.sentences(made)[0] == "120 examples of digits in 10 classes, 64 numbers each, drawn in the plane."
    assert "keeps neighborhoods best" in text.sentences(made)[1]
    board = text.board(made)
    best = [sum(cells[column][1] for _, _, _, cells in board["rows"]) for column in range(8)]
    assert min(best) >= 1
    assert len(text.lines(made)) == 6
    method, clusters, _, _, _, share, ari, _ = text.cluster_rows(made)[0]
    assert (method, clusters, share[-1]) == ("kmeans", "10", "%")
    assert 0 < float(ari) < 1


def test_text_is_escaped(folder):
    page = (folder / "report.html").read_text("utf-8")
    assert "</script>" not in page.split("How it was made")[1].split("<script")[0]
    assert (folder / "figures" / "embeddings.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_in_a_browser(folder):
    """Settings, rows and points are linked, on a desktop and on a phone, without a script's error."""
    with browser() as page:
        for width in (1280, 390):
            page.open(folder / "report.html", width)
            assert page.run("document.documentElement.scrollWidth") <= width
            assert page.run("document.querySelectorAll('#settings select').length") == 3
            page.run("document.querySelector('#board tbody tr[data-row=\"4\"]').click()")
            assert page.run("[...document.querySelectorAll('#settings select')].map((s) => s.value).join()") == (
                "t-SNE,20,1" if width else ""
            )
            page.run(
                "(() => { const s = document.querySelector('select[name=method]'); s.value = 'PCA'; s.onchange(); })()"
            )
            assert page.run("document.querySelector('tr[aria-selected=true]').dataset.row") == "0"
            page.run("embedding.point(37)")
            assert page.run("document.getElementById('tell').textContent").startswith("example ")
            assert page.run("document.getElementById('digit').hidden") is False
            assert page.errors == []


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_ten_thousand_points_draw_quickly(tmp_path):
    """A frame of 10,000 points, drawn in software by a browser without a graphics card, takes under 100 ms."""
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=10_000)
    x = (rng.normal(size=(10_000, 4)) + 4 * np.eye(10)[labels][:, :4]).astype(np.float32)
    dataset = from_arrays(x, labels, "clouds", classes=tuple("0123456789"))
    found = study(dataset, np.arange(10_000), Axes(methods=("pca",)), scale="none")
    embedding.write(found, tmp_path)
    with browser() as page:
        page.open(tmp_path / "report.html")
        assert page.run(FRAMES) < 100
        assert page.errors == []


def test_lda_is_judged_by_points_that_it_did_not_see():
    """Of classes drawn by lot LDA finds axes that part the points it sees; of others it says no more than chance."""
    rng = np.random.default_rng(0)
    data = from_arrays(rng.normal(size=(200, 60)), np.repeat(["a", "b"], 100))
    found = study(data, np.arange(200), Axes(methods=("lda", "pca"), dimensions=1))
    lda, pca = found.embeddings
    assert lda.held_out.sum() == 100
    assert pca.held_out is None
    assert abs(found.qualities[0]["knn_accuracy"] - 0.5) < 0.15  # within 3 standard errors of 100 tosses
    seen = ~lda.held_out
    assert quality(found.x[seen], lda.y[seen], found.labels[seen])["knn_accuracy"] > 0.8
    assert any("LDA was fitted to the classes of 50% of the points" in sentence for sentence in text.sentences(found))
    noise = [row for row in text.cluster_rows(found) if row[0] == "density"]
    assert noise
    assert noise[0][2].endswith(("%", "–"))
