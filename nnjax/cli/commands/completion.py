"""Print the completion script of a shell: `nnjax completion bash|zsh|fish`.

    nnjax completion bash > ~/.local/share/bash-completion/completions/nnjax    (needs the package bash-completion)
    eval "$(nnjax completion bash)"                                             (in ~/.bashrc; zsh: in ~/.zshrc)
    nnjax completion fish > ~/.config/fish/completions/nnjax.fish

Commands, flags, shipped configurations and the experiment's fields (--config.FIELD) are completed.
"""

import importlib
import shlex

from absl import flags

from nnjax.cli import config, entry
from nnjax.core.errors import UserError
from nnjax.core.experiment import Experiment
from nnjax.core.fields import field_types

BASH = r"""_nnjax() {
  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flag="" words=""
  if [[ $cur == "=" ]]; then flag=$before cur=""  # bash splits words at "="
  elif [[ $before == "=" ]]; then flag=${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $cur == --*=* ]]; then flag=${cur%%=*} cur=${cur#*=}; fi
  if (( COMP_CWORD == 1 )); then words="@COMMANDS@ --help --version"
  elif [[ ${COMP_WORDS[1]} == completion ]]; then words="bash zsh fish"
  elif [[ ${COMP_WORDS[1]} == configs ]]; then words="@CONFIGS@"
  elif [[ $flag == --config ]]; then words="@CONFIGS@"
  elif [[ -z $flag && $cur == --config.* ]]; then words="@FIELDS@"
  elif [[ -z $flag && $cur == -* ]]; then
    case ${COMP_WORDS[1]} in
@CASES@
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ -z $words || $flag == --config ]]; then COMPREPLY+=($(compgen -f -- "$cur")); fi
  if [[ ${COMPREPLY[0]} == *= ]] && type compopt &> /dev/null; then compopt -o nospace 2> /dev/null; fi
}
complete -F _nnjax nnjax
"""
SHELLS = ("bash", "zsh", "fish")


def define_flags() -> None:
    """Define no flags."""


def run(argv: list[str]) -> None:
    """Print the script."""
    if len(argv) != 2 or argv[1] not in SHELLS:
        raise UserError(f"One shell was expected, {', '.join(SHELLS)}: nnjax completion bash.")
    print(fish() if argv[1] == "fish" else bash(zsh=argv[1] == "zsh"), end="")


def flags_of(name: str) -> dict[str, str]:
    """Map the flags of a command (`--workdir=`, `--sanity`, `--noreport`) to what they are for."""
    values, command = flags.FLAGS, importlib.import_module(entry.COMMANDS[name].module)
    before = set(values)
    command.define_flags()
    defined = [values[flag] for flag in values if flag not in before]
    for flag in defined:
        delattr(values, flag.name)
    switches = {f"--no{flag.name}": flag.help for flag in defined if flag.boolean and flag.default}
    return {f"--{flag.name}{'' if flag.boolean else '='}": flag.help for flag in defined} | switches


def bash(zsh: bool = False) -> str:
    """Write the script of bash, or of zsh, which reads those of bash."""
    cases = [f"      {name}) words={shlex.quote(' '.join(flags_of(name)))} ;;" for name in entry.COMMANDS]
    filled = {
        "COMMANDS": " ".join(entry.COMMANDS),
        "CONFIGS": " ".join(config.shipped()),
        "FIELDS": " ".join(f"--config.{field}=" for field in field_types(Experiment)),
        "CASES": "\n".join(cases),
    }
    text = BASH
    for mark, value in filled.items():
        text = text.replace(f"@{mark}@", value)
    return ("autoload -Uz bashcompinit && bashcompinit\n" if zsh else "") + text


def fish() -> str:
    """Write the script of fish."""
    lines, configs = ["complete -c nnjax -f"], " ".join(config.shipped())
    for name, command in entry.COMMANDS.items():
        lines.append(f"complete -c nnjax -n __fish_use_subcommand -a {name} -d {shlex.quote(command.summary)}")
        inside = f"complete -c nnjax -n '__fish_seen_subcommand_from {name}'"
        for flag, what in flags_of(name).items():
            long = flag.strip("-=")
            names = f" -xa {shlex.quote(configs)}" if long == "config" else " -rF" if flag.endswith("=") else ""
            lines.append(f"{inside} -l {long} -d {shlex.quote(what)}{names}")
    lines.append(f"complete -c nnjax -n '__fish_seen_subcommand_from completion' -a {shlex.quote(' '.join(SHELLS))}")
    lines.append(f"complete -c nnjax -n '__fish_seen_subcommand_from configs' -a {shlex.quote(configs)}")
    files = "predict diagnose report compare"
    return "\n".join([*lines, f"complete -c nnjax -n '__fish_seen_subcommand_from {files}' -F"]) + "\n"
