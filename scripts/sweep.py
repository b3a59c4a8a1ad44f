"""Train a search space: `python scripts/sweep.py --help`, or nnjax/cli/sweep.py."""

from nnjax.cli import main, sweep

if __name__ == "__main__":
    main.run_command(sweep)
