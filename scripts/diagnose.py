"""The same as `nnjax diagnose`."""

from nnjax.cli import entry

if __name__ == "__main__":
    entry.main("diagnose")
