"""`oxios budget`: what may be spent on models, and what was. Here a person sets and raises limits; agents cannot."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import anyio
import click
from oxios_kernel.budget import BudgetState
from oxios_kernel.domain.budget import OnExhausted, Scope, Spent
from oxios_kernel.errors import NotFound

from oxios.assemble import open_purse
from oxios.budget_view import moment, spent_json, spent_words, state_json, state_line
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say
from oxios.parameters import LABEL

__all__ = ["command"]

MOST = 10**15
CENTURY_SECONDS = 3_155_760_000
MICRO = 1_000_000

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

window_option = click.option(
    "--window",
    type=click.IntRange(1, CENTURY_SECONDS),
    metavar="SECONDS",
    help="The limit that begins anew after so many seconds: 3600 on the hour, 86400 at midnight UTC. Default: never.",
)


class Dollars(click.ParamType[int]):
    """A sum of US dollars, to the millionth, as micro-dollars."""

    name = "dollars"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return micro-dollars."""
        if isinstance(value, int):
            return value
        try:
            micro = Decimal(value) * MICRO
        except InvalidOperation:
            micro = Decimal("nan")
        if not (micro.is_finite() and 0 <= micro <= MOST and micro == int(micro)):
            self.fail(f"Expected US dollars such as 2.50, but came {value!r}.", param, ctx)
        return int(micro)


@click.group(name="budget")
def command() -> None:
    """Limit what may be spent on models, and show what was.

    SCOPE says whose limit it is: `global`, `principal:ID`, `space:ID`, or `agent:ID` for an agent or a run with all
    that it starts. A call must fit into every limit that counts for it. A scope has one limit for each --window.
    """


@command.command(name="list")
@json_option
@pass_invocation
def list_limits(invocation: Invocation, as_json: bool) -> None:
    """List all limits with what is spent of them."""

    async def find() -> Sequence[BudgetState]:
        async with open_purse(invocation) as purse:
            return await purse.all()

    states = anyio.run(find)
    _tell(states, as_json=as_json)
    if not states and not as_json:
        say("There are no limits.", hint="Set one: oxios budget set global --usd 5 --window 86400")


@command.command()
@click.argument("scope", type=LABEL)
@json_option
@pass_invocation
def show(invocation: Invocation, scope: str, as_json: bool) -> None:
    """Show the limits of SCOPE with what is spent of them."""

    async def find() -> tuple[Scope, Sequence[BudgetState]]:
        async with open_purse(invocation) as purse:
            named = await purse.scope(scope)
            return named, await purse.budgets.states([named])

    named, states = anyio.run(find)
    _tell(states, as_json=as_json)
    if not states and not as_json:
        say(f"{named} has no limit of its own.")


@command.command(name="set")
@click.argument("scope", type=LABEL)
@click.option("--tokens", type=click.IntRange(0, MOST), metavar="N", help="Input and output tokens together.")
@click.option("--calls", type=click.IntRange(0, MOST), metavar="N", help="Answered model calls.")
@click.option("--usd", "micro_usd", type=Dollars(), metavar="DOLLARS", help="Money.")
@window_option
@click.option(
    "--on-exhausted",
    type=click.Choice([choice.value for choice in OnExhausted]),
    help="When a call does not fit: pause the run and ask (default), stop it, or only warn.",
)
@json_option
@pass_invocation
def set_limit(
    invocation: Invocation,
    /,
    scope: str,
    tokens: int | None,
    calls: int | None,
    micro_usd: int | None,
    window: int | None,
    on_exhausted: str | None,
    as_json: bool,
) -> None:
    """Set or change the limit of SCOPE with this --window; what is not given stays as it is.

    What was spent before counts in it. A run that paused because of a limit goes on with `oxios run --resume` or
    `oxios agent resume`.
    """
    given = {"tokens": tokens, "calls": calls, "micro_usd": micro_usd, "on_exhausted": on_exhausted}
    changes = {name: value for name, value in given.items() if value is not None}

    async def change() -> BudgetState:
        async with open_purse(invocation) as purse:
            return await purse.change(await purse.scope(scope, known=True), window, changes)

    state = anyio.run(change)
    if as_json:
        answer_json(state_json(state))
    else:
        answer(state_line(state))


@command.command()
@click.argument("scope", type=LABEL)
@window_option
@json_option
@pass_invocation
def remove(invocation: Invocation, scope: str, window: int | None, as_json: bool) -> None:
    """Remove the limit of SCOPE with this --window; what was spent stays written down."""

    async def take() -> Scope:
        async with open_purse(invocation) as purse:
            named = await purse.scope(scope)
            if not await purse.limits.remove(named, window):
                which = "without a window" if window is None else f"with a window of {window} s"
                raise NotFound(
                    f"{named} has no limit {which}.", hint="`oxios budget list` shows all, with their windows."
                )
            return named

    named = anyio.run(take)
    if as_json:
        answer_json({"removed": str(named), "window_seconds": window})
    else:
        say(f"Removed the limit of {named}.")


@command.command()
@click.argument("scope", type=LABEL, default="global")
@click.option(
    "--last", type=click.IntRange(1, CENTURY_SECONDS), metavar="SECONDS", help="Only in the last so many seconds."
)
@json_option
@pass_invocation
def spent(invocation: Invocation, scope: str, last: int | None, as_json: bool) -> None:
    """Show what SCOPE (everybody, unless one is named) has spent, limited or not."""
    since = None if last is None else datetime.now(UTC) - timedelta(seconds=last)

    async def find() -> tuple[Scope, Spent]:
        async with open_purse(invocation) as purse:
            named = await purse.scope(scope)
            return named, await purse.budgets.spent(named, since)

    named, amount = anyio.run(find)
    if as_json:
        answer_json({"scope": str(named), "since": moment(since), **spent_json(amount)})
    else:
        answer(spent_words(amount))


def _tell(states: Sequence[BudgetState], *, as_json: bool) -> None:
    if as_json:
        answer_json([state_json(state) for state in states])
        return
    for state in states:
        answer(state_line(state))
