"""The same as `nnjax predict`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("predict")
