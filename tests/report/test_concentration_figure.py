import numpy as np

from nnjax.distances.concentration import DIMENSIONS, Concentration, Worth
from nnjax.report.charts import concentration


def test_the_figure_and_the_tables(tmp_path):
    noise = {"Euclidean": [Concentration(np.inf, 1.0), *[Concentration(8 / d, 1 / d) for d in DIMENSIONS[1:]]]}
    worth = [Worth("all 64 inputs", 64, 2.2, 0.136, 1.0, 0.936), Worth("PCA $2", 2, 308.0, 0.5, 0.05, 0.434)]
    concentration.write(noise, worth, "digits", tmp_path)
    text = (tmp_path / "curse.md").read_text("utf-8")
    assert "| Euclidean | ∞ | 4 | 2 | 1 | 0.5 |" in text
    assert "| PCA $2 | 2 | 308 | 0.500 | 0.050 | 0.4340 |" in text
    assert (tmp_path / "curse.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "noise.csv").read_text("utf-8").count("Euclidean") == len(DIMENSIONS)
    assert "PCA $2,2,308.0" in (tmp_path / "representations.csv").read_text("utf-8")
