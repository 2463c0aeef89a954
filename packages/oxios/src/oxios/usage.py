"""What the program can do, in words: the commands with a sentence each, and the text of `oxios --help`.

Imports nothing, because `main.py` prints it in the time an interpreter takes to start.
"""

__all__ = ["COMMANDS", "OPTIONS", "help_text"]

COMMANDS = {
    "run": "Have one task done and print the answer.",
    "chat": "Talk, with answers as they are written.",
    "agent": "Start, watch and steer agents.",
    "host": "Carry out everybody's agents until stopped.",
    "scheduler": "Show how many agents run, wait and are queued.",
    "cron": "Have tasks done by the clock, again and again.",
    "budget": "Limit what may be spent on models, and show what was.",
    "models": "Show which models can be used right now, and why others cannot.",
    "config": "Show and change the settings.",
    "persona": "Show, add and choose ways of working.",
    "sessions": "Show and delete conversations.",
    "doctor": "Check that everything is in order, and say how to mend what is not.",
    "completion": "Print the completion script for a shell.",
}
"""Each command with one sentence; its module in `commands/` has the same name."""

OPTIONS = {
    "--debug": "Show where an error came from.",
    "--version": "Show the version and leave.",
    "--help": "Show this text and leave.",
}


def help_text() -> str:
    """Return what `oxios --help` prints."""
    width = 2 + max(map(len, (*COMMANDS, *OPTIONS)))
    return "\n".join(
        [
            "Usage: oxios [OPTIONS] COMMAND [ARGS]...",
            "",
            "Oxios has tasks done by agents: it plans them, carries them out with tools and checks the result.",
            "",
            "Options:",
            *(f"  {name:<{width}}{meaning}" for name, meaning in OPTIONS.items()),
            "",
            "Commands:",
            *(f"  {name:<{width}}{meaning}" for name, meaning in COMMANDS.items()),
            "",
            '`oxios COMMAND --help` says more. Try: oxios run "Count the Python files here"',
        ]
    )
