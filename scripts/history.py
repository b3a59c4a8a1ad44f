"""The same as `nnjax history`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("history")
