"""The same as `nnjax tune-lr`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("tune-lr")
