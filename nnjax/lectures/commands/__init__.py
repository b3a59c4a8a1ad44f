"""The subcommands of `nnjax` that belong to the lectures; nnjax/cli/entry.py finds them by import string."""
