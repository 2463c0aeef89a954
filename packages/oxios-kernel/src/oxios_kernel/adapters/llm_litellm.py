"""The `Llm` port on litellm: every real model, always streamed.

litellm is imported at the first call, in a thread, because that takes seconds. What goes over the wire is spelt by
`llm_litellm_wire`, what goes wrong is named by `llm_litellm_errors`. Retries, fallback and counting are the engine's.
litellm lives on asyncio; under another event loop a call fails with a sentence that says so.
"""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import anyio.to_thread
from anyio.lowlevel import current_token

from oxios_kernel.adapters.llm_litellm_errors import Asked, ours
from oxios_kernel.adapters.llm_litellm_headers import headers_of
from oxios_kernel.adapters.llm_litellm_wire import Assembly, body_of
from oxios_kernel.domain.spend import Usage
from oxios_kernel.errors import CredentialsMissing, ModelError, ModelTimeout
from oxios_kernel.ports.llm import Listen, LlmReply, LlmRequest
from oxios_kernel.ports.models import Connect, Connection, KnownModels

__all__ = ["Learn", "LitellmLlm"]

Learn = Callable[[str, Mapping[str, str]], None]
"""Is told the provider and the headers of each answer, refusals too. It must return at once."""

NO_KEY = "none"
"""What servers that need no key are sent in its place, because the clients insist on one."""


class LitellmLlm:
    """Calls models through litellm.

    Args:
        connect: tells how a provider is reached; asked at every call, so a changed key counts at once.
        known: the names that are offered when a model does not exist.
        learn: is told what providers say besides the answer, `None` for nobody.
    """

    def __init__(self, *, connect: Connect, known: KnownModels, learn: Learn | None = None) -> None:
        self._connect = connect
        self._known = known
        self._learn = learn
        self._litellm: Any = None

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply; cancelling closes the connection to the provider.

        Raises:
            ModelError: the subclass says what to do next.
            ConfigError: the provider's base URL is none, or the credentials file cannot be read.
        """
        if not current_token().backend_class.__module__.endswith("_asyncio"):
            raise ModelError("real models need the asyncio event loop, because litellm does", model=request.model)
        provider = request.model.partition("/")[0]
        connection = await anyio.to_thread.run_sync(self._connected, provider, request.model)
        if self._litellm is None:
            self._litellm = await anyio.to_thread.run_sync(_import_litellm, abandon_on_cancel=True)
        failure: BaseException
        try:
            with anyio.fail_after(request.deadline_seconds):
                return await self._stream(request, connection, listen)
        except TimeoutError:
            message = f"{request.model} gave no answer within {request.deadline_seconds:.3g} s"
            raise ModelTimeout(message, model=request.model) from None
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001 - litellm lets through whatever its transports and parsers raise
            failure = error
        self._tell(provider, failure)
        asked = Asked(request=request, connection=connection, known=self._known)
        raise await anyio.to_thread.run_sync(ours, failure, asked) from None

    async def aclose(self) -> None:
        """Close the connections that litellm keeps; call it before the event loop ends."""
        if self._litellm is not None:
            await self._litellm.close_litellm_async_clients()
            self._litellm.in_memory_llm_clients_cache.flush_cache()

    def _connected(self, provider: str, model: str) -> Connection:
        try:
            return self._connect(provider)
        except CredentialsMissing as error:
            error.model = model
            raise

    async def _stream(self, request: LlmRequest, connection: Connection, listen: Listen | None) -> LlmReply:
        stream = await self._litellm.acompletion(
            **body_of(request),
            api_key=connection.api_key or (NO_KEY if connection.api_base else None),
            api_base=_root(request.model, connection.api_base),
            stream=True,
            stream_options={"include_usage": True},
            timeout=request.deadline_seconds,
            num_retries=0,
            max_retries=0,
        )
        self._tell(request.model.partition("/")[0], stream)
        assembly = Assembly(request.model)
        try:
            async for chunk in stream:
                text = assembly.add(chunk)
                if text and listen is not None:
                    listen(text)
        finally:
            await stream.aclose()
        cost = 0 if connection.free else self._cost(request.model, assembly.usage, assembly.counted)
        return assembly.reply(cost)

    def _tell(self, provider: str, answer: object) -> None:
        if self._learn is not None:
            self._learn(provider, headers_of(answer))

    def price(self, model: str, usage: Usage) -> int | None:
        """Return what a model takes for so many tokens in micro-dollars, without blocking.

        Returns:
            `None` when the price is not known, or not yet: prices are there from the first call on.
        """
        return None if self._litellm is None else self._cost(model, usage, None)

    def _cost(self, model: str, usage: Usage, counted: Any) -> int | None:
        """Return a price in micro-dollars, `None` when litellm does not know it; `counted` is the provider's count."""
        prices = self._litellm.model_cost
        entry = prices.get(model) or prices.get(model.partition("/")[2]) or {}
        if entry.get("input_cost_per_token") is None:
            return None  # For some providers litellm answers 0 for a model that it does not know.
        try:
            asked, answered = self._litellm.cost_per_token(
                model=model,
                prompt_tokens=usage.input_tokens,
                completion_tokens=usage.output_tokens,
                usage_object=counted,
            )
        except Exception:  # noqa: BLE001 - what cannot be priced comes as one of several classes, one of them bare
            return None
        return round(float(asked + answered) * 1_000_000)


def _root(model: str, api_base: str | None) -> str | None:
    """Return a base URL as litellm wants it: for Anthropic it adds the version itself."""
    if api_base is None or not model.startswith("anthropic/"):
        return api_base
    return api_base.rstrip("/").removesuffix("/v1")


def _import_litellm() -> Any:
    """Import litellm so that it calls nobody, prints nothing and repeats nothing."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"
    import litellm

    litellm.telemetry = False
    litellm.drop_params = True
    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).disabled = True
    return litellm
