"""The same as `nnjax compare`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("compare")
