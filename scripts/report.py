"""The same as `nnjax report`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("report")
