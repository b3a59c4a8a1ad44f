"""Compare runs: `python scripts/compare.py --help`, or nnjax/cli/compare.py."""

from nnjax.cli import compare, main

if __name__ == "__main__":
    main.run_command(compare)
