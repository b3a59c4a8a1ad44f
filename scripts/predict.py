"""Use a trained network: `python scripts/predict.py --help`, or nnjax/cli/predict.py."""

from nnjax.cli import main, predict

if __name__ == "__main__":
    main.run_command(predict)
