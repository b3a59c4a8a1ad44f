"""The same as `nnjax embed`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("embed")
