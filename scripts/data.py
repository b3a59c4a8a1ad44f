"""The same as `nnjax data`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("data")
