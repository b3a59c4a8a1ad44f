"""scripts/embed.py from the command line."""

import numpy as np
import pandas as pd
import pytest
from processes import run


@pytest.mark.slow
def test_methods_side_by_side(tmp_path):
    """Tables are scaled as asked; every combination is an embedding, and the report names them."""
    flags = [
        "--data=iris",
        "--scaling=standard",
        "--method=pca,lda,kmeans,tsne",
        "--perplexity=10,30",
        "--iterations=300",
    ]
    done = run("embed", *flags, f"--out={tmp_path / 'out'}")
    assert (done.returncode, done.stderr) == (0, "")
    table = pd.read_csv(tmp_path / "out" / "quality.csv")
    assert list(table.label) == ["PCA", "LDA", "k-means", "t-SNE, perplexity 10", "t-SNE, perplexity 30"]
    assert table.trustworthiness[3:].min() > 0.97
    assert "5 embeddings of 150 examples" in done.stdout
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "sepal length (cm)" in page
    assert "SHA-256" in page


@pytest.mark.slow
def test_the_latent_space_of_a_run(fork, tmp_path):
    """The codes are those that predict.py writes, of the run's own test part or of data by name."""
    config = tmp_path / "config.py"
    config.write_text(
        "import nnjax\n\n\ndef get_config():\n"
        '    model = nnjax.ModelConfig(kind="autoencoder", widths=(3,), output_activation="sigmoid")\n'
        '    data = nnjax.DataConfig("digits")\n'
        '    return nnjax.Experiment(data=data, model=model, loss="mean_squared_error", epochs=1)\n',
        "utf-8",
    )
    trained, out = tmp_path / "run", tmp_path / "out"
    assert fork("train", f"--config={config}", f"--workdir={trained}").returncode == 0
    done = fork("embed", f"--run={trained}", "--method=pca", f"--out={out}")
    assert (done.returncode, done.stderr) == (0, "")
    assert fork("predict", trained, "--encode", f"--out={tmp_path / 'codes.npz'}").returncode == 0
    with np.load(out / "embedding.npz") as made, np.load(tmp_path / "codes.npz") as expected:
        np.testing.assert_array_equal(made["embedding_0"], expected["code"])
    assert list(pd.read_csv(out / "quality.csv").label) == ["latent", "PCA"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "Name the data with --data=NAME"),
        (["--data=iris", "--method=tsen"], "did you mean tsne"),
        (["--data=iris", "--perplexity=50"], "a number from 1 to below 50"),
        (["--data=iris", "--perplexity=ten"], "--perplexity=ten was given, but numbers"),
        (["--data=iris", "--k=75"], "below n / 2 = 75"),
        (["--data=diabetes", "--method=lda"], "no class labels"),
        (["--data=iris", "--limit=1000"], "limit is 1000, but 1 to 150"),
        (["--data=iris", "--run=nowhere"], "nowhere"),
    ],
)
def test_mistakes_get_one_sentence(flags, words, fork, tmp_path):
    done = fork("embed", *flags, f"--out={tmp_path / 'out'}")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert not (tmp_path / "out").exists()
