"""Which model answers and which could: by name, by setting, by the keys and servers that there are.

How a model is asked is `calls`' business. The engine calls no model itself and never imports litellm.
"""

from collections.abc import Sequence

import anyio.to_thread

from oxios_kernel.config.sections import EngineSettings
from oxios_kernel.engine.budgeted import Payer
from oxios_kernel.engine.calls import Calls
from oxios_kernel.engine.catalog import DEMO_MODEL, PROVIDERS, nearest, provider_named
from oxios_kernel.engine.credentials import Credentials
from oxios_kernel.engine.metered import Metered, Spent
from oxios_kernel.engine.retry import Note
from oxios_kernel.engine.routing import ModelId
from oxios_kernel.engine.survey import ModelStatus, Survey
from oxios_kernel.errors import ConfigError, ModelError, ModelUnknown
from oxios_kernel.ports.models import KnownModels, LocalServers
from oxios_kernel.resilience import Breakers

__all__ = ["Engine"]


class Engine:
    """Knows the models.

    Args:
        settings: which models are asked.
        credentials: how providers are reached.
        calls: how they are asked.
        servers: finds model servers on this machine.
        known: the providers that are known besides those of the table.
    """

    def __init__(
        self,
        *,
        settings: EngineSettings,
        credentials: Credentials,
        calls: Calls,
        servers: LocalServers,
        known: KnownModels,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._calls = calls
        self._servers = servers
        self._known = known

    async def resolve(self, wanted: str | None = None, persona_model: str | None = None) -> str:
        """Return the model to ask: the one named, the persona's, the setting, the first with a key, the demo model.

        Args:
            wanted: what the person or the conversation names.
            persona_model: what the persona prefers.

        Raises:
            ModelUnknown: the model named is none; the hint offers the nearest.
            CredentialsMissing: its provider needs a key and there is none; the hint names variable and file.
            ConfigError: its base URL is none, or the credentials file cannot be read.
        """
        named = wanted or persona_model or self._settings.default_model
        return await anyio.to_thread.run_sync(self._checked, named) if named else await self._default()

    @property
    def breakers(self) -> Breakers:
        """The circuit breakers by `provider/model`: which models are not asked for a while."""
        return self._calls.breakers

    def llm(self, payer: Payer, *, note: Note, spent: Spent | None = None) -> Metered:
        """Return the way to ask models for one run; see `Calls.llm`."""
        return self._calls.llm(payer, note=note, spent=spent)

    async def usable(self) -> Sequence[ModelStatus]:
        """Return what can be asked now and what cannot: the models with a key, local servers, the demo model, the rest.

        A credentials file that cannot be read is told in the sentences of what depends on it.
        """
        default = await self._default_or_demo()
        rows = await Survey(self._credentials, self._servers, default).rows()
        if any(row.default for row in rows):
            return rows
        return [await anyio.to_thread.run_sync(self._unlisted, default), *rows]

    def _unlisted(self, default: str) -> ModelStatus:
        """Say whether the default model can be asked whose provider is not in the table."""
        usable, sentence = True, "the setting engine.default_model; its key is looked for when it is asked"
        try:
            self._checked(default)
        except (ModelError, ConfigError) as error:
            usable, sentence = False, error.message if error.hint is None else f"{error.message}; {error.hint}"
        return ModelStatus(model=default, usable=usable, default=True, sentence=sentence)

    def _checked(self, named: str) -> str:
        model = ModelId.parse(named)
        if str(model) == DEMO_MODEL:
            return DEMO_MODEL
        if model.provider == "oxios":
            raise ModelUnknown(f"there is no model {named!r}", model=named, hint=f"the built-in one is {DEMO_MODEL}")
        if provider_named(model.provider) is None:
            self._require_provider(model)
        self._credentials.connect(model.provider)
        return str(model)

    def _require_provider(self, model: ModelId) -> None:
        known = self._known.by_provider()
        if not known or model.provider in known:
            return
        known_ids = [*known, *(provider.id for provider in PROVIDERS)]
        close = [f"{provider_id}/{model.name}" for provider_id in nearest(model.provider, known_ids)]
        hint = f"did you mean {' or '.join(close)}?" if close else "`oxios models` lists what is usable"
        raise ModelUnknown(f"there is no provider {model.provider!r} in {str(model)!r}", model=str(model), hint=hint)

    async def _default(self) -> str:
        return await anyio.to_thread.run_sync(self._first_with_key) or DEMO_MODEL

    def _first_with_key(self) -> str | None:
        ready = (provider for provider in PROVIDERS if provider.models and self._credentials.key_source(provider))
        return next((f"{provider.id}/{provider.models[0]}" for provider in ready), None)

    async def _default_or_demo(self) -> str:
        try:
            return self._settings.default_model or await self._default()
        except ConfigError:
            return DEMO_MODEL
