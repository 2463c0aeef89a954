"""Durable runs: the kernel's processes. A run is one turn of a conversation or one agent; its row says whose it is, how
far it got and how it ended, its journal (`Entry`) holds the effects that happened.

Who works on a run holds its `Lease`. Every write to a run or its journal carries the lease, and a write with an epoch
that is not the current one is refused: a host that lost a run can change nothing of it any more.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from oxios_kernel.domain.fact import Fact, Json, JsonObject, Moment
from oxios_kernel.domain.ids import RunId

__all__ = ["LEGAL", "PROGRESS", "Entry", "Lease", "Run", "RunKind", "RunState", "Signal", "may_follow"]


class RunKind(StrEnum):
    """What a run carries out: a person's turn, or an agent's seed."""

    TURN = "turn"
    AGENT = "agent"


class RunState(StrEnum):
    """Where a run is in its life.

    `QUEUED` is to be taken by a host, `RUNNING` is under way (or was when its host died), `WAITING` costs a row and
    nothing else until a child ends, a letter comes or a moment is there, `PAUSED` was halted and may go on; `DONE`,
    `FAILED` and `KILLED` are final.
    """

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    KILLED = "killed"

    @property
    def final(self) -> bool:
        """Whether nothing follows any more."""
        return not LEGAL[self]


LEGAL: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.PAUSED, RunState.FAILED, RunState.KILLED}),
    RunState.RUNNING: frozenset(
        {
            RunState.QUEUED,
            RunState.WAITING,
            RunState.PAUSED,
            RunState.DONE,
            RunState.FAILED,
            RunState.KILLED,
        }
    ),
    RunState.WAITING: frozenset({RunState.QUEUED, RunState.RUNNING, RunState.PAUSED, RunState.FAILED, RunState.KILLED}),
    RunState.PAUSED: frozenset({RunState.QUEUED, RunState.RUNNING, RunState.FAILED, RunState.KILLED}),
    RunState.DONE: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.KILLED: frozenset(),
}
"""Which state may follow which."""


class Signal(StrEnum):
    """What a run is asked to do by somebody who does not hold its lease; its host obeys at once or at the next step."""

    KILL = "kill"
    PAUSE = "pause"


def may_follow(now: RunState, then: RunState) -> bool:
    """Tell whether a run may go from one state to the other. Staying where it is changes nothing and is allowed."""
    return now is then or then in LEGAL[now]


PROGRESS = 3
"""How many effects a run must have begun since it was taken to be no suspect when its host dies: one that brings its
host down again and again gets as far as a model's answer and a tool call each time."""


class Run(Fact):
    """The row of a run.

    Attributes:
        id: globally unique, never used again.
        kind: turn or agent.
        parent: the run that started it.
        session_id: the conversation it belongs to.
        state: where it is in its life.
        title: one line for lists, at most 120 characters.
        input: what it was started with, enough to carry it out in another process.
        output: what came of it, once it is done.
        reason: why it failed, was killed or is paused, for a person.
        created_at: when the row was written.
        changed_at: when its state changed last.
        attempts: how often a host took it.
        crashes: how often in a row its host died while it was under way and had done next to nothing (fewer than
            `PROGRESS` effects) since it was taken.
        priority: how urgent it is, a value of `domain.job.Priority`.
        group: the group it belongs to, where there is one.
        depth: how many ancestors it has that are agents.
        principal: the person or program on whose behalf it works.
        space_id: the Space it belongs to, where there is one.
        signal: what it is asked to do and has not obeyed yet.
        waiting_for: the runs one of which must end before a waiting run goes on; empty when it waits for a letter or a
            moment.
        wake_at: the moment at which a waiting run goes on in any case.
        owner: the host that holds the lease, `None` when nobody does.
        epoch: counts the leases given out; see `Lease`.
    """

    id: RunId
    kind: RunKind
    parent: RunId | None = None
    session_id: str | None = None
    state: RunState = RunState.QUEUED
    title: str = ""
    input: JsonObject = Field(default_factory=dict)
    output: Json = None
    reason: str | None = None
    created_at: Moment
    changed_at: Moment
    attempts: int = 0
    crashes: int = 0
    priority: int = Field(default=1, ge=0, le=3)
    group: str | None = None
    depth: int = 0
    principal: str = "person"
    space_id: str | None = None
    signal: Signal | None = None
    waiting_for: tuple[RunId, ...] = ()
    wake_at: Moment | None = None
    owner: str | None = None
    epoch: int = 0


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to work on a run, and the number by which every write of it is checked.

    Attributes:
        run_id: the run.
        owner: the host that holds it.
        epoch: one more than the lease before; a write with an older one is refused.
    """

    run_id: RunId
    owner: str
    epoch: int


class Entry(Fact):
    """One effect in a run's journal.

    Attributes:
        key: the effect's stable name in its run, such as `step/3/model`.
        digest: of what was asked, so that the same key with another content is noticed.
        done: whether the result is recorded; an intent without a result is in doubt after a crash.
        result: what came of it, when it is done.
        sequence: the order of the run's entries, from 1.
        at: when the entry was last written.
    """

    key: str
    digest: str
    done: bool
    result: Json = None
    sequence: int
    at: Moment
