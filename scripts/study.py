"""The same as `nnjax study`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("study")
