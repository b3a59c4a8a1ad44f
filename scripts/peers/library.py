"""nnjax in `scripts/bench.py` as a plain Python program, beside the command.

python -m scripts.peers.library configs/bench_tiny.py WORKDIR --config.epochs=50 --space.seed=0,1

It reads a configuration with its overrides, and trains by `nnjax.sweep`.
"""

import sys

import nnjax
from nnjax.cli.config import load_config
from nnjax.core.fields import replace
from nnjax.spaces.overrides import override, pin


def main(path: str, workdir: str, *flags: str) -> None:
    """Train the search space of a configuration."""
    module = load_config(path)
    fields, axes = (given(flags, prefix) for prefix in ("--config.", "--space."))
    space = override(pin(module.get_space(), fields), axes)
    nnjax.sweep(replace(module.get_config(), fields), space, workdir=workdir, title="bench")


def given(flags: tuple[str, ...], prefix: str) -> dict[str, str]:
    """The flags --PREFIX.FIELD=VALUE as field -> text."""
    texts = [flag.removeprefix(prefix) for flag in flags if flag.startswith(prefix)]
    return {text.partition("=")[0]: text.partition("=")[2] for text in texts}


if __name__ == "__main__":
    main(*sys.argv[1:])
