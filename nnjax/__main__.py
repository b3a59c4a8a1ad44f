"""`python -m nnjax` is the command `nnjax`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main()
