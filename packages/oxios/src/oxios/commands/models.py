"""`oxios models`: which models can be asked right now, and what is missing for the others."""

from collections.abc import Sequence
from dataclasses import asdict

import anyio
import click
from oxios_kernel.domain.nearest import nearest
from oxios_kernel.engine import ModelStatus
from oxios_kernel.errors import NotFound

from oxios.assemble import open_conversation
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say

__all__ = ["command"]


@click.command(name="models")
@click.option("--provider", metavar="ID", help="Only those of one provider.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def command(invocation: Invocation, provider: str | None, as_json: bool) -> None:
    """Show which models can be used right now, and why others cannot. The default one has a star."""

    async def find() -> Sequence[ModelStatus]:
        async with open_conversation(invocation) as conversation:
            return await conversation.engine.usable()

    found = anyio.run(find)
    if provider is not None:
        found = _of(provider, found)
    if as_json:
        answer_json([asdict(status) for status in found])
        return
    for title, usable in (("Usable now:", True), ("Not usable:", False)):
        rows = [status for status in found if status.usable is usable]
        if rows:
            answer(title)
        for status in rows:
            answer(f"{'*' if status.default else ' '} {status.model:<32} {status.sentence}")
    if any(status.usable for status in found):
        say('Choose one: oxios run --model PROVIDER/MODEL "…", or oxios config set engine.default_model PROVIDER/MODEL')


def _of(provider: str, found: Sequence[ModelStatus]) -> Sequence[ModelStatus]:
    by_provider = {status.model.partition("/")[0] for status in found}
    if provider not in by_provider:
        close = nearest(provider, by_provider)
        meant = f"Did you mean `{close}`? " if close else ""
        raise NotFound(
            f"There is no provider {provider!r} in the list.", hint=f"{meant}`oxios models` shows all of them."
        )
    return [status for status in found if status.model.partition("/")[0] == provider]
