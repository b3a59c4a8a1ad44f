"""The same as `nnjax sweep`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("sweep")
