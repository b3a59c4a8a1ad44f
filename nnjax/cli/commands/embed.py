"""Draw data in the plane: `nnjax embed --data=mnist5k --method=pca,tsne --perplexity=5,30,100 --seed=0,1`.

Methods: pca, lda, ica, kmeans, sne, tsne, umap; --run=RUN adds the latent space of a trained autoencoder. Every
combination of the lists is one embedding. Writes OUT/report.html with a figure to look through and the quality of
every embedding, and embedding.npz, embedding.csv and quality.csv beside it.
"""

import time

from absl import flags

from nnjax.cli.main import start_devices, start_jax
from nnjax.core.errors import UserError
from nnjax.core.files import check_out_folder

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string("data", None, "data source by name (mnist5k, digits, iris, csv:FILE, ...)")
    flags.DEFINE_string("data_dir", None, "where to look first for the data's files")
    flags.DEFINE_string("target", None, "target column of a table")
    flags.DEFINE_integer("limit", None, "draw so many examples, with equal shares of the classes")
    flags.DEFINE_string("scaling", "unit", "of the inputs: unit, standard, minmax or none")
    flags.DEFINE_list("method", ["pca", "tsne"], "pca, lda, ica, kmeans, sne, tsne, umap")
    flags.DEFINE_string("run", None, "run folder of an autoencoder whose latent space is shown too")
    flags.DEFINE_integer("trial", None, "which trial of it; by default the chosen one")
    flags.DEFINE_bool("trust", False, "import the model and other objects that the run folder, your own, names")
    flags.DEFINE_list("perplexity", ["30"], "of t-SNE and SNE, several separated by commas")
    flags.DEFINE_list("exaggeration", [], "early exaggeration; by default 12 (t-SNE), 1 (SNE)")
    flags.DEFINE_list("learning_rate", [], "of t-SNE and SNE; by default from the number of examples")
    flags.DEFINE_list("seed", ["0"], "seeds")
    flags.DEFINE_list("neighbors", ["15"], "of UMAP")
    flags.DEFINE_list("min_dist", ["0.1"], "of UMAP")
    flags.DEFINE_integer("dimensions", 2, "of pca, lda, ica, kmeans and umap; the first two axes are drawn")
    flags.DEFINE_string("init", "pca", "where t-SNE and SNE begin: pca or random")
    flags.DEFINE_string("support", "all", "which points have affinities: all, or neighbors (3 × perplexity)")
    flags.DEFINE_integer("iterations", 1000, "of t-SNE and SNE, a multiple of 50")
    flags.DEFINE_string("engine", "exact", "of t-SNE: exact, sklearn or opentsne (these two approximate)")
    flags.DEFINE_integer("k", 10, "neighbors that the measures count")
    flags.DEFINE_string("title", None, "of the report")
    flags.DEFINE_string("out", "runs/embed", "folder to write into")


def run(argv: list[str]) -> None:
    """Embed, measure and write."""
    if len(argv) > 1 or (FLAGS.data is None and FLAGS.run is None):
        raise UserError("Name the data with --data=NAME (or --run=RUN): nnjax embed --data=mnist5k --method=pca,tsne.")
    out = check_out_folder(FLAGS.out)
    start_jax()
    start_devices()
    from nnjax.embed.points import load_points
    from nnjax.embed.study import Axes, study
    from nnjax.report import embedding
    from nnjax.runs.environment import describe_environment

    begin = time.perf_counter()
    axes = Axes(
        methods=FLAGS.method,
        seeds=_numbers("seed", FLAGS.seed, int),
        perplexities=_numbers("perplexity", FLAGS.perplexity),
        exaggerations=_numbers("exaggeration", FLAGS.exaggeration) or (None,),
        learning_rates=_numbers("learning_rate", FLAGS.learning_rate) or (None,),
        neighbors=_numbers("neighbors", FLAGS.neighbors, int),
        min_dists=_numbers("min_dist", FLAGS.min_dist),
        dimensions=FLAGS.dimensions,
        init=FLAGS.init,
        support=FLAGS.support,
        iterations=FLAGS.iterations,
        engine=FLAGS.engine,
    )
    dataset, rows, latents = load_points(
        FLAGS.data, FLAGS.data_dir, FLAGS.target, FLAGS.limit, FLAGS.run, FLAGS.trial, FLAGS.trust
    )
    found = study(dataset, rows, axes, scale=FLAGS.scaling, k=FLAGS.k, more=latents, observe=print)
    seconds = time.perf_counter() - begin
    report = embedding.write(found, out, embedding.how(dataset, describe_environment({}, [seconds])), FLAGS.title)
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
