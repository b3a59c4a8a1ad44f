"""Run a study: `python scripts/study.py --config=configs/models_and_distances.py --workdir=runs/models_and_distances`.

The configuration gives the study by get_study(). The results, the figure and the page, study.html, are written into the
workdir.
"""

from absl import flags

from nnjax.cli.main import run, start_jax

CONFIG = flags.DEFINE_string("config", None, "configuration file with get_study()")
WORKDIR = flags.DEFINE_string("workdir", None, "folder to write into")


def log(sentence: str) -> None:
    """Print without buffering."""
    print(sentence, flush=True)


def main(argv: list[str]) -> None:
    """Load and run a study, and print the path of its page."""
    from nnjax.cli import config
    from nnjax.cli.study import open_folder

    path, workdir = config.require(argv, CONFIG.value, WORKDIR.value)
    start_jax()
    study = config.study_of(config.load_config(path))
    print(f"report: {study.run(open_folder(study, workdir), log)}")


if __name__ == "__main__":
    run(main)
