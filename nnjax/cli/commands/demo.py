"""Train the example, four autoencoders and a classifier of handwritten digits: `nnjax demo [--workdir=runs/demo]`.

The same as `nnjax sweep --config=demo --workdir=runs/demo`, with all of its flags: --config.epochs=2 makes it short,
and a second call resumes. `nnjax configs demo` prints the configuration.
"""

from absl import flags

from nnjax.cli.commands import sweep

OVERRIDES = sweep.OVERRIDES
run = sweep.run


def define_flags() -> None:
    """Define the flags of a sweep, with the example's configuration and folder."""
    sweep.define_flags()
    flags.adopt_module_key_flags(sweep)
    flags.FLAGS.set_default("config", "demo")
    flags.FLAGS.set_default("workdir", "runs/demo")
