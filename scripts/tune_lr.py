"""Find the learning rate: `python scripts/tune_lr.py --help`, or nnjax/cli/tune_lr.py."""

from nnjax.cli import main, tune_lr

if __name__ == "__main__":
    main.run_command(tune_lr)
