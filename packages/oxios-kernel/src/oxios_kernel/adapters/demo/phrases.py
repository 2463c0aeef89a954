"""What the demo model says about itself."""

__all__ = ["DECLINE", "GREETING", "stay_inside"]

_REAL = (
    "For anything else set a key, such as `OPENAI_API_KEY=…` or `ANTHROPIC_API_KEY=…`, or name a model with "
    "`--model provider/model`; `oxios models` shows which are usable."
)

DECLINE = (
    "I am the built-in demo model `oxios/demo`: I can count, list, find, search and summarise files, add up a "
    f"column of a CSV file and write a text to a file, but not this. {_REAL}"
)
"""The answer to everything that is none of the shapes."""

GREETING = (
    "Hello! I am the built-in demo model `oxios/demo`, which works by rules. Ask me to count, list, find, search or "
    "summarise files, to add up a column of a CSV file, or to write a text to a file: "
    f'"Count the Python files in packages and write the number to count.txt". {_REAL}'
)
"""The answer to a greeting."""


def stay_inside(path: str) -> str:
    """Return the refusal of a path that is not plainly below the folder of the work."""
    return f"I work only in this folder and below it: name {path!r} relative to it, without `..`."
