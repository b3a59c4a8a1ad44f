"""Run a study: `nnjax study --config=models_and_distances --workdir=runs/models_and_distances`.

The configuration gives the study by get_study(). The results, the figure and the page, study.html, are written into the
workdir.
"""

from absl import flags

from nnjax.cli.main import start_jax

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the command's flags."""
    flags.DEFINE_string(
        "config", None, "configuration: a shipped one by name (latent_value), or a Python file with get_study()"
    )
    flags.DEFINE_string("workdir", None, "folder to write into")


def log(sentence: str) -> None:
    """Print without buffering."""
    print(sentence, flush=True)


def run(argv: list[str]) -> None:
    """Load and run a study, and print the path of its page."""
    from nnjax.cli import config
    from nnjax.cli.study import open_folder

    path, workdir = config.require(argv, FLAGS.config, FLAGS.workdir)
    start_jax()
    study = config.study_of(config.load_config(path))
    print(f"report: {study.run(open_folder(study, workdir), log)}")
