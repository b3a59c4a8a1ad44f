"""Train one trial: `python scripts/train.py --help`, or nnjax/cli/train.py."""

from nnjax.cli import main, train

if __name__ == "__main__":
    main.run_command(train)
