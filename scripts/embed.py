"""Draw data in the plane: `python scripts/embed.py --data=mnist5k --method=pca,tsne --perplexity=5,30,100 --seed=0,1`.

Methods: pca, lda, ica, kmeans, sne, tsne, umap; --run=RUN adds the latent space of a trained autoencoder. Every
combination of the lists is one embedding. Writes OUT/report.html with a picture to look through and the quality of
every embedding, and embedding.npz, embedding.csv and quality.csv beside it.
"""

import time

from absl import flags

from nnjax.cli.main import run, start_jax
from nnjax.core.errors import UserError

DATA = flags.DEFINE_string("data", None, "data source by name (mnist5k, digits, iris, csv:FILE, ...)")
DATA_DIR = flags.DEFINE_string("data_dir", None, "where to look first for the data's files")
TARGET = flags.DEFINE_string("target", None, "target column of a table")
LIMIT = flags.DEFINE_integer("limit", None, "draw so many examples, with equal shares of the classes")
SCALING = flags.DEFINE_string("scaling", "unit", "of the inputs: unit, standard, minmax or none")
METHOD = flags.DEFINE_list("method", ["pca", "tsne"], "pca, lda, ica, kmeans, sne, tsne, umap")
RUN = flags.DEFINE_string("run", None, "run folder of an autoencoder whose latent space is shown too")
TRIAL = flags.DEFINE_integer("trial", None, "which trial of it; by default the one of the lowest validation loss")
PERPLEXITY = flags.DEFINE_list("perplexity", ["30"], "of t-SNE and SNE, several separated by commas")
EXAGGERATION = flags.DEFINE_list("exaggeration", [], "early exaggeration; by default 12 (t-SNE), 1 (SNE)")
LEARNING_RATE = flags.DEFINE_list("learning_rate", [], "of t-SNE and SNE; by default from the number of examples")
SEED = flags.DEFINE_list("seed", ["0"], "seeds")
NEIGHBORS = flags.DEFINE_list("neighbors", ["15"], "of UMAP")
MIN_DIST = flags.DEFINE_list("min_dist", ["0.1"], "of UMAP")
DIMENSIONS = flags.DEFINE_integer("dimensions", 2, "of pca, lda, ica, kmeans and umap; the first two axes are drawn")
INIT = flags.DEFINE_string("init", "pca", "where t-SNE and SNE begin: pca or random")
SUPPORT = flags.DEFINE_string("support", "all", "which points have affinities: all, or neighbours (3 × perplexity)")
ITERATIONS = flags.DEFINE_integer("iterations", 1000, "of t-SNE and SNE, a multiple of 50")
ENGINE = flags.DEFINE_string("engine", "exact", "of t-SNE: exact, sklearn or opentsne (these two approximate)")
K = flags.DEFINE_integer("k", 10, "neighbours that the measures count")
OUT = flags.DEFINE_string("out", "runs/embed", "folder to write into")


def main(argv: list[str]) -> None:
    """Embed, measure and write."""
    if len(argv) > 1 or (DATA.value is None and RUN.value is None):
        raise UserError("Name the data with --data=NAME (or --run=RUN): embed.py --data=mnist5k --method=pca,tsne.")
    start_jax()
    from nnjax.embed.points import load_points
    from nnjax.embed.study import Axes, study
    from nnjax.report import embedding
    from nnjax.runs.environment import describe_environment

    begin = time.perf_counter()
    axes = Axes(
        methods=METHOD.value,
        seeds=_numbers("seed", SEED.value, int),
        perplexities=_numbers("perplexity", PERPLEXITY.value),
        exaggerations=_numbers("exaggeration", EXAGGERATION.value) or (None,),
        learning_rates=_numbers("learning_rate", LEARNING_RATE.value) or (None,),
        neighbors=_numbers("neighbors", NEIGHBORS.value, int),
        min_dists=_numbers("min_dist", MIN_DIST.value),
        dimensions=DIMENSIONS.value,
        init=INIT.value,
        support=SUPPORT.value,
        iterations=ITERATIONS.value,
        engine=ENGINE.value,
    )
    dataset, rows, latents = load_points(DATA.value, DATA_DIR.value, TARGET.value, LIMIT.value, RUN.value, TRIAL.value)
    found = study(dataset, rows, axes, scale=SCALING.value, k=K.value, more=latents, observe=print)
    seconds = time.perf_counter() - begin
    report = embedding.write(found, OUT.value, embedding.how(dataset, describe_environment({}, [seconds])))
    print("\n".join(embedding.lines(found)))
    print(f"{len(found.embeddings)} embeddings of {len(rows):,} examples in {seconds:.1f} s; report: {report}")


def _numbers(flag: str, texts: list[str], kind: type = float) -> list:
    """Read the numbers of a flag."""
    try:
        return [kind(text) for text in texts]
    except ValueError:
        expected = "whole numbers" if kind is int else "numbers"
        raise UserError(
            f"--{flag}={','.join(texts)} was given, but {expected} separated by commas were expected."
        ) from None


if __name__ == "__main__":
    run(main)
