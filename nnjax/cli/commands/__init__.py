"""The subcommands of `nnjax`, one module each: a docstring (its help), define_flags() and run(argv)."""
