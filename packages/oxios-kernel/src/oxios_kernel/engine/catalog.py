"""The providers that matter most, as a table: what they are called, which variables they read, what they offer.

litellm knows some hundred more. They work too, by the name `provider/model` and the environment variables that litellm
documents; what this table adds is that a key is looked for before the call, a default model, and better sentences.
Read by `credentials` and `engine`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["DEMO_MODEL", "PROVIDERS", "Provider", "nearest", "provider_named"]

DEMO_MODEL = "oxios/demo"
"""The model that is built in."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider of models.

    Attributes:
        id: the part of a model id before the slash.
        title: its name for a person.
        keys: the environment variables of its key, the usual one first; empty when it needs none.
        bases: the environment variables of its base URL, the strongest first.
        models: names of models that can call tools; the first one is the default.
        default_base: the base URL when none is set, for servers of the person's own.
    """

    id: str
    title: str
    keys: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    default_base: str | None = None

    @property
    def local(self) -> bool:
        """Whether it is a server of the person's own, which costs nothing."""
        return self.default_base is not None


PROVIDERS: tuple[Provider, ...] = (
    Provider(
        id="anthropic",
        title="Anthropic",
        keys=("ANTHROPIC_API_KEY",),
        bases=("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"),
        models=("claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"),
    ),
    Provider(
        id="openai",
        title="OpenAI",
        keys=("OPENAI_API_KEY",),
        bases=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
        models=("gpt-6-sol", "gpt-6-luna", "gpt-5.6", "gpt-5.4-mini"),
    ),
    Provider(
        id="gemini",
        title="Google Gemini",
        keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        bases=("GEMINI_API_BASE",),
        models=("gemini-flash-latest", "gemini-pro-latest", "gemini-flash-lite-latest"),
    ),
    Provider(
        id="deepseek",
        title="DeepSeek",
        keys=("DEEPSEEK_API_KEY",),
        bases=("DEEPSEEK_API_BASE",),
        models=("deepseek-v4-flash", "deepseek-v4-pro"),
    ),
    Provider(
        id="xai",
        title="xAI",
        keys=("XAI_API_KEY",),
        bases=("XAI_API_BASE",),
        models=("grok-4.7", "grok-4.5-latest"),
    ),
    Provider(
        id="mistral",
        title="Mistral",
        keys=("MISTRAL_API_KEY",),
        bases=("MISTRAL_API_BASE",),
        models=("mistral-medium-latest", "mistral-large-latest", "mistral-small-latest"),
    ),
    Provider(
        id="groq",
        title="Groq",
        keys=("GROQ_API_KEY",),
        bases=("GROQ_API_BASE",),
        models=("openai/gpt-oss-120b", "openai/gpt-oss-20b"),
    ),
    Provider(
        id="cerebras",
        title="Cerebras",
        keys=("CEREBRAS_API_KEY",),
        bases=("CEREBRAS_API_BASE",),
        models=("gpt-oss-120b",),
    ),
    Provider(id="openrouter", title="OpenRouter", keys=("OPENROUTER_API_KEY",), bases=("OPENROUTER_API_BASE",)),
    Provider(
        id="together_ai",
        title="Together AI",
        keys=("TOGETHERAI_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHER_API_KEY"),
        bases=("TOGETHER_AI_API_BASE",),
    ),
    Provider(id="fireworks_ai", title="Fireworks AI", keys=("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY")),
    Provider(id="azure", title="Azure OpenAI", keys=("AZURE_API_KEY",), bases=("AZURE_API_BASE",)),
    Provider(
        id="ollama",
        title="Ollama",
        bases=("OLLAMA_API_BASE",),
        default_base="http://127.0.0.1:11434",
    ),
    Provider(
        id="llamafile",
        title="llama.cpp",
        bases=("LLAMAFILE_API_BASE",),
        default_base="http://127.0.0.1:8080/v1",
    ),
    Provider(
        id="lm_studio",
        title="LM Studio",
        bases=("LM_STUDIO_API_BASE",),
        default_base="http://127.0.0.1:1234/v1",
    ),
    Provider(
        id="hosted_vllm",
        title="vLLM",
        bases=("HOSTED_VLLM_API_BASE",),
        default_base="http://127.0.0.1:8000/v1",
    ),
)
"""In the order in which a provider with a key becomes the default."""


def provider_named(provider_id: str) -> Provider | None:
    """Return a provider of the table, `None` for one that only litellm knows."""
    return next((provider for provider in PROVIDERS if provider.id == provider_id), None)


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return at most three known words that look like the one given, the nearest first."""
    return tuple(get_close_matches(word, sorted(set(known)), n=3, cutoff=0.6))
