"""`oxios completion`: the script that teaches a shell to complete the program's commands and options."""

import click
from click.shell_completion import get_completion_class

from oxios.invocation import answer

__all__ = ["command"]

VARIABLE = "_OXIOS_COMPLETE"
"""By which the script asks the program for completions; the name that click derives from `oxios`."""


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash: eval "$(oxios completion bash)"            in ~/.bashrc
    zsh:  eval "$(oxios completion zsh)"             in ~/.zshrc
    fish: oxios completion fish | source             in ~/.config/fish/config.fish
    """
    completion = get_completion_class(shell)
    if completion is None:
        raise AssertionError(f"click knows {shell}")
    answer(completion(context.find_root().command, {}, "oxios", VARIABLE).source())
