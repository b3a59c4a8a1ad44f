"""The same as `nnjax distances`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("distances")
