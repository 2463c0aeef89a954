"""What litellm raises as our errors: one table by class and HTTP status, one sentence each.

litellm wraps what the network raised several layers deep, so the cause is looked for along the chain. The provider's
own words are quoted, cut, and without the key.
"""

import ast
import json
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from oxios_kernel.errors import (
    ContentRefused,
    ContextTooLong,
    CredentialsRefused,
    ModelError,
    ModelMalformed,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
    RateLimited,
)
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.ports.models import Connection, KnownModels

__all__ = ["Asked", "ours"]

QUOTED_CHARACTERS = 300
"""How much of the provider's own words an error quotes."""

_KEY = re.compile(r"\b(?:sk|key|xai|gsk|AIza)[-_*A-Za-z0-9]{6,}")
"""What providers print of a key when they refuse it."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The call that failed.

    Attributes:
        request: what was asked.
        connection: how the provider was reached.
        known: the names that are offered for one that does not exist.
    """

    request: LlmRequest
    connection: Connection
    known: KnownModels

    @property
    def model(self) -> str:
        """The model, `provider/model`."""
        return self.request.model

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self.model.partition("/")[0]

    @property
    def host(self) -> str:
        """Where the call went, for a person."""
        return (
            urlsplit(self.connection.api_base).netloc.rpartition("@")[2] if self.connection.api_base else self.provider
        )


def ours(error: BaseException, asked: Asked) -> ModelError:
    """Return our error for one that litellm raised. Blocks when it has to look up names of models."""
    words = _words(error, asked.connection.api_key)
    names = {cls.__name__ for cls in type(error).__mro__}
    status = getattr(error, "status_code", None)
    if "ContextWindowExceededError" in names:
        return ContextTooLong(f"the transcript is too long for {asked.model}: {words}", model=asked.model)
    if "ContentPolicyViolationError" in names or "content_policy" in _code(error) or "content_filter" in _code(error):
        return ContentRefused(f"{asked.provider} refuses the content: {words}", model=asked.model)
    if status in (401, 403):
        return _refused(asked, status, words)
    if status in (402, 429):
        return _limited(error, asked, words)
    if status == 404 or "LLM Provider NOT provided" in str(error):
        return _unknown(asked)
    if status == 408 or "Timeout" in names:
        return ModelTimeout(f"{asked.model} gave no answer in time", model=asked.model)
    network = _network_cause(error)
    if network is not None:
        return _unreachable(network, asked)
    strange = _no_http(error, asked)
    if strange is not None:
        return strange
    if status is not None and 400 <= status < 500:
        return ModelError(f"{asked.provider} does not accept the request ({status}): {words}", model=asked.model)
    if "MidStreamFallbackError" in names:
        return ModelUnavailable(f"the reply of {asked.model} was cut off", model=asked.model)
    if "APIError" in names and "APIResponseValidationError" not in names:
        return ModelUnavailable(f"{asked.host} answers with an error ({status}): {words}", model=asked.model)
    return ModelMalformed(f"the reply of {asked.model} made no sense: {words}", model=asked.model)


def _refused(asked: Asked, status: int, words: str) -> ModelError:
    if status == 403:
        message = f"{asked.provider} does not allow this with the key in use (403): {words}"
    else:
        message = f"{asked.provider} refuses the key (401)"
    return CredentialsRefused(message, model=asked.model, hint="check the key; `oxios models` says where it comes from")


def _limited(error: BaseException, asked: Asked, words: str) -> ModelError:
    if getattr(error, "status_code", None) == 402 or "insufficient_quota" in f"{_code(error)} {error}":
        message = f"the account at {asked.provider} has no quota left; check its plan and billing"
        spent = RateLimited(message, model=asked.model, hint="another model works with `--model provider/model`")
        spent.retry = False
        return spent
    return RateLimited(
        f"{asked.provider} limits the rate of requests (429): {words}",
        model=asked.model,
        retry_after_seconds=_retry_after(error),
    )


def _unknown(asked: Asked) -> ModelError:
    names = asked.known.by_provider()
    everything = [f"{provider}/{name}" for provider, known in names.items() for name in known]
    own = [name for name in everything if name.startswith(f"{asked.provider}/")]
    close = [name for name in get_close_matches(asked.model, own or everything, n=4, cutoff=0.5) if name != asked.model]
    hint = f"did you mean {' or '.join(close[:3])}?" if close else "`oxios models` lists what is usable"
    if asked.connection.api_base:
        hint += " Check the base URL, too."
    return ModelUnknown(f"{asked.host} has no model {asked.model!r} for this key", model=asked.model, hint=hint)


def _unreachable(cause: OSError, asked: Asked) -> ModelError:
    tls = isinstance(cause, ssl.SSLError) or (
        isinstance(cause, ConnectionResetError) and (asked.connection.api_base or "").startswith("https:")
    )
    if isinstance(cause, socket.gaierror):
        message = f"the host {asked.host} is not known to the network's name service"
        hint = "check the connection to the network and the base URL"
    elif tls:
        why = getattr(cause, "verify_message", None) or cause.strerror or "it was closed during the handshake"
        message = f"no secure connection (TLS) to {asked.host}: {why}"
        hint = "check the host's certificate, or whether its address begins with http:// instead"
    elif isinstance(cause, ConnectionRefusedError):
        message = f"nothing answers at {asked.host}: the connection was refused"
        hint = "start the server, or check the base URL"
    else:
        message = f"the connection to {asked.host} failed: {cause.strerror or type(cause).__name__}"
        hint = "check the connection to the network and the base URL"
    return ModelUnavailable(message, model=asked.model, hint=hint)


def _no_http(error: BaseException, asked: Asked) -> ModelError | None:
    """Return the error for what is no answer of a web server at all, `None` when one answered.

    The classes are aiohttp's, which litellm calls with; they are known by name, as litellm's own.
    """
    for link in _chain(error):
        kinds = {cls.__name__ for cls in type(link).__mro__}
        if "ServerDisconnectedError" in kinds:
            message = f"{asked.host} closed the connection without an answer"
            return ModelUnavailable(message, model=asked.model, hint="check the server, or the base URL")
        if "BadHttpMessage" in kinds and "PayloadEncodingError" not in kinds:
            message = f"what answers at {asked.host} does not speak HTTP; it said: {_said(str(link))}"
            strange = ModelUnavailable(message, model=asked.model, hint="check the base URL: host, port and path")
            strange.retry = False
            return strange
    return None


def _said(complaint: str) -> str:
    """Return the bytes that a parser's complaint quotes, as text in one line; the complaint if it quotes none."""
    printed = re.search(r"b(['\"]).*\1", complaint)
    quoted = _decoded(printed[0]) if printed else complaint
    return repr(" ".join(quoted.split())[:QUOTED_CHARACTERS])


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything behind it, each once."""
    waiting: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while waiting:
        link = waiting.pop(0)
        if link is None or any(link is one for one in seen):
            continue
        seen.append(link)
        waiting += [getattr(link, "original_exception", None), link.__cause__, link.__context__]
        yield link


def _network_cause(error: BaseException) -> OSError | None:
    """Return the innermost error of the operating system, `None` when the network is not to blame."""
    causes = [link for link in _chain(error) if isinstance(link, OSError) and not isinstance(link, TimeoutError)]
    named = [cause for cause in causes if isinstance(cause, (socket.gaierror, ssl.SSLError, ConnectionError))]
    return (named or causes or [None])[-1]


def _retry_after(error: BaseException) -> float | None:
    headers: Any = getattr(error, "litellm_response_headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None


def _code(error: BaseException) -> str:
    """Return the provider's own code of the error, empty when it gave none."""
    body = getattr(error, "body", None)
    fields = body if isinstance(body, dict) else {}
    return f"{fields.get('code') or ''} {fields.get('type') or ''}"


def _words(error: BaseException, key: str | None) -> str:
    """Return what the provider said, in one line, cut, and without the key."""
    text = _decoded(str(error))
    found = re.search(r"\{.*\}", text, re.DOTALL)
    body = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        text = body["message"]
    elif found is not None:
        text = _message_in(found[0]) or text
    text = re.sub(r"^(?:litellm\.)?(?:\w+(?:Error|Exception)(?::| -) )+", "", text.replace("litellm.", ""))
    if key:
        text = text.replace(key, "[key]")
    return _KEY.sub("[key]", " ".join(text.split()))[:QUOTED_CHARACTERS]


def _decoded(text: str) -> str:
    """Return a text with a `b'…'` in it as the text that these bytes are."""
    printed = re.search(r"b(['\"]).*\1", text, re.DOTALL)
    if printed is None:
        return text
    try:
        return str(ast.literal_eval(printed[0]).decode(errors="replace"))
    except (ValueError, SyntaxError):
        return text


def _message_in(text: str) -> str | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    inner = document.get("error", document) if isinstance(document, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else inner
    return message if isinstance(message, str) else None
