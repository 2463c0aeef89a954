"""Trying again: when, how often, how long in between."""

import math

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_kernel.engine.retry import LONGEST_PAUSE_SECONDS, Retry, pause_seconds
from oxios_kernel.errors import ContentRefused, CredentialsRefused, ModelError, ModelUnavailable, RateLimited
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import HANG, FakeClock, ScriptedLlm
from oxios_kernel.testing.llm import Script

pytestmark = pytest.mark.anyio

REQUEST = LlmRequest(model="openai/x", messages=(), deadline_seconds=60)


def away() -> ModelUnavailable:
    return ModelUnavailable("nothing answers", model="openai/x")


class Trial:
    """A call under way on a clock that stands still."""

    def __init__(self, script: Script, *, max_retries: int = 4) -> None:
        self.clock = FakeClock()
        self.model = ScriptedLlm(script)
        self.notes: list[str] = []
        self.reply: LlmReply | None = None
        self.error: ModelError | None = None
        self._retry = Retry(
            self.model, clock=self.clock, max_retries=max_retries, note=self.notes.append, share=lambda: 0.5
        )

    async def run(self) -> None:
        """Let the call end, waking it whenever it sleeps."""
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._call, tasks.cancel_scope)
                while True:
                    await self.clock.until_sleeping()
                    await self.clock.advance(self.clock.slept[-1])

    async def _call(self, scope: anyio.CancelScope) -> None:
        try:
            self.reply = await self._retry.complete(REQUEST)
        except ModelError as error:
            self.error = error
        scope.cancel()


async def test_what_may_succeed_later_is_tried_again_with_growing_pauses_and_a_note_each() -> None:
    trial = Trial([away(), away(), away(), "at last"])
    await trial.run()
    assert trial.reply is not None
    assert trial.reply.text == "at last"
    assert trial.clock.slept == [0.375, 0.75, 1.5]
    assert trial.notes[0] == "nothing answers; trying again in 0.4 s (1 of 4)"
    assert len(trial.notes) == 3


async def test_after_the_last_try_its_own_error_is_raised() -> None:
    trial = Trial([away(), away(), ModelUnavailable("the last one")], max_retries=2)
    await trial.run()
    assert trial.error is not None
    assert trial.error.message == "the last one"
    assert len(trial.model.requests) == 3


@pytest.mark.parametrize("error", [CredentialsRefused("no"), ContentRefused("no")])
async def test_what_will_not_change_is_not_tried_again(error: ModelError) -> None:
    trial = Trial([error])
    await trial.run()
    assert trial.error is error
    assert trial.notes == []


async def test_a_provider_that_asks_for_a_longer_pause_gets_it() -> None:
    trial = Trial([RateLimited("slow down", retry_after_seconds=20), "now"])
    await trial.run()
    assert trial.clock.slept == [20]
    assert trial.reply is not None


async def test_nobody_waits_beyond_the_deadline() -> None:
    trial = Trial([RateLimited("slow down", retry_after_seconds=61)])
    await trial.run()
    assert isinstance(trial.error, RateLimited)
    assert trial.clock.slept == []


async def test_a_quota_that_is_used_up_is_not_waited_for() -> None:
    spent = RateLimited("no quota left")
    spent.retry = False
    trial = Trial([spent])
    await trial.run()
    assert trial.error is spent


async def test_each_try_gets_only_the_time_that_is_left() -> None:
    trial = Trial([RateLimited("slow down", retry_after_seconds=10), "now"])
    await trial.run()
    assert [request.deadline_seconds for request in trial.model.requests] == [60, 50]


async def test_cancelling_reaches_the_call_under_way() -> None:
    model = ScriptedLlm([HANG])
    retry = Retry(model, clock=FakeClock(), max_retries=4, note=lambda _: None)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(retry.complete, REQUEST)
            await model.hanging.wait()
            tasks.cancel_scope.cancel()
    assert model.cancelled == 1


@given(failures=st.integers(1, 10_000), share=st.floats(0, 1))
def test_a_pause_is_at_least_half_of_what_doubling_gives_and_never_endless(failures: int, share: float) -> None:
    pause = pause_seconds(failures, share)
    whole = min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(failures - 1, 16))
    assert whole / 2 <= pause <= whole or math.isclose(pause, whole)
