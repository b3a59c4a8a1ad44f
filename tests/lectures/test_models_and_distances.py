"""The study on a few examples, from the configuration to the page."""

import dataclasses

import pandas as pd
import pytest

from nnjax.core.errors import UserError
from nnjax.core.experiment import DataConfig
from nnjax.lectures.studies.models_and_distances.study import NETWORK, ModelsAndDistances

TINY = {"wine": DataConfig("wine", limit=48, test=48, validation=0, scaling="standard")}


def study(network, **changes):
    return dataclasses.replace(ModelsAndDistances(TINY, network, (0, 1)), **changes)


@pytest.fixture(scope="module")
def network():
    from configs.models_and_distances import get_study

    return dataclasses.replace(get_study().network, epochs=40, batch_size=16)


@pytest.fixture(scope="module")
def folder(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("study")
    told = []
    assert study(network).run(path, told.append) == path / "study.html"
    assert [line.split(":")[0] for line in told] == [f"{name}, split {seed}" for name in TINY for seed in (0, 1)]
    return path


@pytest.mark.slow
def test_all_methods_on_all_splits(folder):
    table = pd.read_csv(folder / "results.csv")
    assert table.groupby("seed")["method"].nunique().to_dict() == {0: 14, 1: 14}  # 16 without DTW of kNN and k-medoids
    assert len(table) == 2 * 14
    assert table["accuracy"].between(0.4, 1).all()  # a third by chance
    assert (table["train"] == 48).all()
    assert table[table["method"] == NETWORK]["accuracy"].min() > 0.8
    splits = table.pivot(index="method", columns="seed", values="accuracy")
    assert (splits[0] != splits[1]).sum() > 3  # another split for another seed


@pytest.mark.slow
def test_the_page_stands_alone(folder):
    page = (folder / "study.html").read_text("utf-8")
    assert "Do not confuse the distance with the model" in page
    assert page.count("data:image/png;base64,") == 1
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert (folder / "figure.png").read_bytes()[:4] == b"\x89PNG"
    assert sorted(file.name for file in folder.iterdir()) == ["figure.png", "results.csv", "study.html"]


def test_nothing_to_do_is_refused(network):
    with pytest.raises(UserError, match="0 sets and 2 seeds were given"):
        study(network, sets={})
    with pytest.raises(UserError, match="1 sets and 1 seeds were given"):
        study(network, seeds=(0,))
