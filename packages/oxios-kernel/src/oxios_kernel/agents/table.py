"""The process table: runs are added within limits, found, waited for and told things. Nothing is carried out here."""

from collections.abc import Sequence

from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import LETTER_CHARACTERS, Letter
from oxios_kernel.domain.run import Run, RunKind
from oxios_kernel.errors import InputError, NotFound
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import RunQuery, Runs

__all__ = ["RunTable"]

TITLE_CHARACTERS = 120


class RunTable:
    """The runs of a home."""

    def __init__(self, *, runs: Runs, control: RunControl, clock: Clock) -> None:
        self._runs = runs
        self._control = control
        self._clock = clock

    async def add(self, run: Run) -> Run:
        """Add a run that is queued, or return the one that has that id already.

        Raises:
            JournalError: it cannot be written.
        """
        return run if await self._runs.add(run) else await self.get(run.id)

    def fresh(self, run_id: str, kind: RunKind, start: JsonObject, *, title: str = "") -> Run:
        """Return a new row, not yet added.

        Args:
            run_id: its id; a parent derives its children's ids so that a replay finds them again.
            kind: turn or agent.
            start: everything that is needed to carry it out in another process.
            title: one line for lists; cut to 120 characters.
        """
        now = self._clock.now()
        return Run(
            id=RunId(run_id),
            kind=kind,
            title=" ".join(title.split())[:TITLE_CHARACTERS],
            input=start,
            created_at=now,
            changed_at=now,
        )

    async def get(self, run_id: str) -> Run:
        """Return a run.

        Raises:
            NotFound: there is none of that id.
        """
        run = await self._runs.get(RunId(run_id))
        if run is None:
            raise NotFound(f"There is no run {run_id!r}.", hint="`oxios agent list` shows those there are.")
        return run

    async def lineage(self, run: Run) -> Sequence[str]:
        """Return the ids of a run, its parent, and so on up."""
        ids: list[str] = [run.id]
        above = run.parent
        while above is not None and above not in ids:
            ids.append(above)
            parent = await self._runs.get(above)
            above = None if parent is None else parent.parent
        return ids

    async def find(self, query: RunQuery) -> Sequence[Run]:
        """Return the runs that a query names, newest first."""
        return await self._runs.find(query)

    async def tree(self, run_id: str) -> Sequence[Run]:
        """Return a run and its descendants, parents before their children.

        Raises:
            NotFound: there is none of that id.
        """
        await self.get(run_id)
        return await self._control.tree(RunId(run_id))

    async def amend(self, run_id: str, changes: JsonObject) -> None:
        """Replace fields of what the unfinished runs of a tree were started with, for when they go on.

        Raises:
            NotFound: there is no such run.
        """
        for run in await self.tree(run_id):
            if not run.state.final:
                await self._control.amend(run.id, changes)

    async def orphans(self) -> Sequence[Run]:
        """Return the runs that were under way when their host died, oldest first."""
        return await self._runs.orphans()

    async def post(self, to: str, text: str, *, sender: str, key: str, answers: str | None = None) -> Letter:
        """Write a letter to a run; the agent reads it before its next step.

        Args:
            to: the run.
            text: what it is told, at most 100,000 characters.
            sender: who writes: a run, or a principal.
            key: the same key again is the same letter.
            answers: the key of the letter that this one answers.

        Raises:
            InputError: the text is empty, too long, or not text.
            NotFound: there is no such run.
            Conflict: it has ended, or its mailbox is full.
        """
        _check(text)
        letter = Letter(to=RunId(to), sender=sender, text=text, key=key, answers=answers, at=self._clock.now())
        return await self._control.post(letter)

    async def letters(self, run_id: str, after: int = 0) -> Sequence[Letter]:
        """Return the letters to a run with a number above `after`, oldest first."""
        return await self._control.letters(RunId(run_id), after)


def _check(text: str) -> None:
    if not text.strip():
        raise InputError("The message is empty.", hint="Say what the agent is to know or to do differently.")
    if len(text) > LETTER_CHARACTERS:
        raise InputError(
            f"The message has {len(text):,} characters; at most {LETTER_CHARACTERS:,} are possible.",
            hint="Put it into a file in the agent's folder and say where it is.",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError("The message is not valid UTF-8 text.", hint="Save or type it as UTF-8.") from error
