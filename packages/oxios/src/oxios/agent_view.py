"""Agents as a person and a script see them: rows, trees and endings, as lines and as JSON. Reads and decides nothing.

The JSON shapes are a promise to scripts; `docs/reference/cli.md` has them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.job import Priority
from oxios_kernel.domain.run import Run
from oxios_kernel.domain.spend import dollars

__all__ = ["age", "agent_json", "exit_line", "outcome_json", "row_line", "tree_json", "tree_lines"]

TITLE_CHARACTERS = 60

UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def agent_json(run: Run, condition: str) -> JsonObject:
    """Return a run's row.

    Args:
        run: the row.
        condition: its state in a word, which may be `interrupted` or `stuck`.
    """
    document = run.to_json()
    names = ("id", "kind", "parent", "session_id", "title", "reason", "created_at", "changed_at", "attempts", "crashes")
    more = ("group", "depth", "principal", "signal", "waiting_for", "wake_at")
    return {
        **{name: document[name] for name in names},
        "state": condition,
        "priority": Priority(run.priority).name.lower(),
        **{name: document[name] for name in more},
    }


def outcome_json(run: Run, condition: str, end: Exit) -> JsonObject:
    """Return a run's row and how it ended, or how far it is."""
    usage: JsonObject = {
        "input_tokens": end.usage.input_tokens,
        "output_tokens": end.usage.output_tokens,
        "cost_usd": dollars(end.usage.cost_micro_usd),
        "model_calls": end.usage.calls,
    }
    ended: JsonObject = {"passed": end.passed, "text": end.text, "steps": end.steps, "usage": usage}
    return {**agent_json(run, condition), **ended}


def tree_json(rows: Sequence[Run], conditions: Mapping[str, str]) -> list[JsonObject]:
    """Return rows as nested documents: each has its `children`. Rows whose parent is not among them are the roots."""
    documents: dict[str, JsonObject] = {}
    below: dict[str | None, list[JsonObject]] = {}
    for run in rows:
        children = below.setdefault(run.id, [])
        documents[run.id] = {**agent_json(run, conditions[run.id]), "children": children}  # type: ignore[dict-item]
    for run in rows:
        parent = run.parent if run.parent in documents else None
        below.setdefault(parent, []).append(documents[run.id])
    return below.get(None, [])


def row_line(run: Run, condition: str, now: datetime) -> str:
    """Return a run as a line of a list."""
    return f"{run.id}  {condition:<11} {_priority(run):<8} {age(run.changed_at, now):>4}  {_told(run)}"


def tree_lines(rows: Sequence[Run], conditions: Mapping[str, str]) -> Iterator[str]:
    """Yield rows as a drawn tree, a line each."""
    known = {run.id for run in rows}
    below: dict[str | None, list[Run]] = {}
    for run in rows:
        below.setdefault(run.parent if run.parent in known else None, []).append(run)
    # A stack of its own: a tree may be deeper than Python likes to recurse.
    open_rows = [(run, "", "") for run in reversed(below.get(None, []))]
    while open_rows:
        run, branch, indent = open_rows.pop()
        yield f"{branch}{run.id}  {conditions[run.id]}, {_priority(run)}  {_told(run)}"
        children = below.get(run.id, [])
        for place, child in reversed(list(enumerate(children))):
            last = place == len(children) - 1
            open_rows.append((child, indent + ("└─ " if last else "├─ "), indent + ("   " if last else "│  ")))


def exit_line(end: Exit, condition: str) -> str:
    """Return how a run ended: a line, and its answer below."""
    verdict = {True: "", False: ", without an answer of its own", None: ""}[end.passed]
    reason = f" ({end.reason})" if end.reason else ""
    text = f"\n{end.text.strip()}" if end.text.strip() else ""
    return f"{end.run_id}  {condition}{verdict}{reason}{text}"


def age(since: datetime, now: datetime) -> str:
    """Return how long something is ago, in one unit."""
    seconds = max(0, int((now - since).total_seconds()))
    return next((f"{seconds // size}{unit}" for size, unit in UNITS if seconds >= size), f"{seconds}s")


def _priority(run: Run) -> str:
    return Priority(run.priority).name.lower()


def _told(run: Run) -> str:
    title = run.title if len(run.title) <= TITLE_CHARACTERS else f"{run.title[:TITLE_CHARACTERS]}…"
    asked = f" [asked to {run.signal}]" if run.signal else ""
    reason = f" ({' '.join(run.reason.split())})" if run.reason else ""
    return f"{title}{asked}{reason}"
