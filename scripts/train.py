"""The same as `nnjax train`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("train")
