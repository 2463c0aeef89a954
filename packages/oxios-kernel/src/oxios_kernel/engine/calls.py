"""The one way to ask models: `Metered(Bounded(Budgeted(Fallback(Retry(Guarded(Paced(Routed)))))))`.

Composed here and nowhere else, and the order matters. A budget is asked once for each question, however many tries and
models it takes, and after the bounds, so that it knows the longest answer and its waiting is not the call's time. A
model is tried again before the next one is asked; one that is shut costs no tries; and only what would go to a provider
keeps to that provider's pace.
"""

from dataclasses import dataclass

from oxios_kernel.budget import Budgets
from oxios_kernel.config.sections import EngineSettings
from oxios_kernel.domain.ids import NewId
from oxios_kernel.domain.spend import Usage
from oxios_kernel.engine.bounded import Bounded
from oxios_kernel.engine.budgeted import Budgeted, Payer, Price
from oxios_kernel.engine.catalog import DEMO_MODEL, provider_named
from oxios_kernel.engine.fallback import Fallback
from oxios_kernel.engine.guarded import Guarded
from oxios_kernel.engine.metered import Metered, Spent
from oxios_kernel.engine.paced import Pace, Paced
from oxios_kernel.engine.retry import Note, Retry
from oxios_kernel.engine.routing import Routed
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.llm import Llm
from oxios_kernel.resilience import Breakers

__all__ = ["Calls", "Models"]


@dataclass(frozen=True, kw_only=True)
class Models:
    """Who answers.

    Attributes:
        demo: answers `oxios/demo`.
        real: answers all other models.
        price: estimates what a real one takes, `None` when nobody can.
    """

    demo: Llm
    real: Llm
    price: Price | None = None


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Makes model calls; what runs share in it is the same for all of them.

    Attributes:
        models: who answers.
        settings: which models are asked, and how patiently.
        clock: measures deadlines and waits between tries.
        budgets: decide whether a call may happen.
        breakers: keep from models that are ill.
        pace: the providers' limits.
        new_id: names calls that have no name of their own.
    """

    models: Models
    settings: EngineSettings
    clock: Clock
    budgets: Budgets
    breakers: Breakers
    pace: Pace
    new_id: NewId

    def llm(self, payer: Payer, *, note: Note, spent: Spent | None = None) -> Metered:
        """Return the way to ask models for one run.

        Args:
            payer: the run, and who pays for it.
            note: is told in a sentence when a call waits, is repeated, or another model is asked.
            spent: is told the model and the usage of every answered call.
        """
        clock, settings, run_id = self.clock, self.settings, payer.run_id
        routed = Routed(demo=self.models.demo, real=self.models.real)
        paced = Paced(routed, pace=self.pace, clock=clock, run_id=run_id, note=note)
        guarded = Guarded(paced, breakers=self.breakers, run_id=run_id)
        retry = Retry(guarded, clock=clock, max_retries=settings.max_retries, note=note)
        fallback = Fallback(retry, clock=clock, models=settings.fallback_models, note=note)
        budgeted = Budgeted(fallback, budgets=self.budgets, payer=payer, new_id=self.new_id, price=self._price)
        return Metered(Bounded(budgeted, settings), spent=spent)

    def _price(self, model: str, tokens: Usage) -> int | None:
        provider = provider_named(model.partition("/")[0])
        if model == DEMO_MODEL or (provider is not None and provider.local):
            return 0
        return None if self.models.price is None else self.models.price(model, tokens)
