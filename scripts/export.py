"""The same as `nnjax export`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("export")
