"""How a run ended, for whoever waits for it: a typed exit status with what there is of a result."""

from oxios_kernel.domain.fact import Fact
from oxios_kernel.domain.run import RunState
from oxios_kernel.domain.spend import Usage

__all__ = ["Exit"]


class Exit(Fact):
    """The end of a run, or where it is when the wait for it was over first.

    Attributes:
        run_id: the run.
        title: what it was for.
        state: where it is; final when it ended.
        passed: whether it answered by itself; `None` when it did not end.
        text: its answer, or the last that it said before it was stopped.
        reason: why it was stopped, has failed or is paused.
        steps: how often its model answered.
        usage: what its model calls cost so far.
    """

    run_id: str
    title: str
    state: RunState
    passed: bool | None = None
    text: str = ""
    reason: str | None = None
    steps: int = 0
    usage: Usage = Usage()
