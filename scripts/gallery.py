"""The same as `nnjax gallery`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("gallery")
