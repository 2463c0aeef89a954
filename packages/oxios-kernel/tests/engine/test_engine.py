"""The engine's choice of a model, its list of models, and its one way to ask them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from oxios_kernel.adapters.secrets_files import SecretsFiles
from oxios_kernel.budget import Budgets
from oxios_kernel.config import EngineSettings
from oxios_kernel.domain.budget import payers
from oxios_kernel.domain.spend import Usage
from oxios_kernel.engine import Calls, Credentials, Engine, Models, Payer
from oxios_kernel.errors import ConfigError, CredentialsMissing, ModelError, ModelUnavailable, ModelUnknown
from oxios_kernel.events import Bus
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.ports.models import LocalServer
from oxios_kernel.resilience import Breakers
from oxios_kernel.schedule import Caps, Pace, Rates, Scheduler
from oxios_kernel.testing import FakeClock, MemoryLedger, ScriptedLlm, says

pytestmark = pytest.mark.anyio

OLLAMA = LocalServer(name="Ollama", provider="ollama", url="http://127.0.0.1:11434", models=("llama", "phi"))
CAPS = Caps(concurrent=4, per_principal=4, per_provider=4, ageing_seconds=30)
PAYER = Payer(run_id="r", scopes=payers(["r"], principal="p"))
EMPTY = LocalServer(name="vLLM", provider="hosted_vllm", url="http://127.0.0.1:8000/v1", models=())


@dataclass
class World:
    """What an engine stands on: an environment, a home, and what else there is."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    settings: EngineSettings = field(default_factory=EngineSettings)
    real: ScriptedLlm = field(default_factory=lambda: ScriptedLlm([]))
    servers: Sequence[LocalServer] = ()
    numbers: Iterator[int] = field(default_factory=count)

    async def find(self) -> Sequence[LocalServer]:
        return self.servers

    def by_provider(self) -> Mapping[str, Sequence[str]]:
        return {"bedrock": ("titan",), "openai": ("gpt",)}

    def engine(self) -> Engine:
        file, clock, rates, bus = self.home / "credentials.toml", FakeClock(), Rates(), Bus()
        scheduler = Scheduler(clock, lambda: CAPS, rates)
        calls = Calls(
            models=Models(demo=ScriptedLlm(["from the demo"]), real=self.real),
            settings=self.settings,
            clock=clock,
            budgets=Budgets(MemoryLedger(), bus=bus, clock=clock),
            breakers=Breakers(clock=clock, tell=bus.publish),
            pace=Pace(rates, scheduler, clock),
            new_id=lambda: str(next(self.numbers)),
        )
        return Engine(
            settings=self.settings,
            credentials=Credentials(
                SecretsFiles(environ=self.environ, file=file),
                environ=self.environ,
                api_base=self.settings.api_base,
                file=str(file),
            ),
            calls=calls,
            servers=self,
            known=self,
        )


async def test_with_nothing_at_all_the_demo_model_answers(tmp_path: Path) -> None:
    assert await World(tmp_path).engine().resolve() == "oxios/demo"


async def test_the_first_provider_with_a_key_answers_when_nobody_names_a_model(tmp_path: Path) -> None:
    (tmp_path / "credentials.toml").write_text('XAI_API_KEY = "k"\n')
    (tmp_path / "credentials.toml").chmod(0o600)
    world = World(tmp_path, {"DEEPSEEK_API_KEY": "k"})
    assert (await world.engine().resolve()).startswith("deepseek/")
    del world.environ["DEEPSEEK_API_KEY"]
    assert (await world.engine().resolve()).startswith("xai/")


async def test_who_is_nearer_to_the_person_names_the_model(tmp_path: Path) -> None:
    world = World(tmp_path, {"OPENAI_API_KEY": "k"}, EngineSettings(default_model="openai/setting"))
    assert await world.engine().resolve("openai/wanted", "openai/persona") == "openai/wanted"
    assert await world.engine().resolve(None, "openai/persona") == "openai/persona"
    assert await world.engine().resolve() == "openai/setting"


async def test_a_model_that_is_named_without_a_key_is_never_replaced_silently(tmp_path: Path) -> None:
    world = World(tmp_path, {"OPENAI_API_KEY": "k"})
    with pytest.raises(CredentialsMissing) as caught:
        await world.engine().resolve("anthropic/claude")
    assert "ANTHROPIC_API_KEY" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ("opnai/gpt", "openai/gpt"),
        ("bedrok/titan", "bedrock/titan"),
        ("oxios/big", "oxios/demo"),
        ("zzzz/x", "oxios models"),
    ],
)
async def test_for_a_provider_that_does_not_exist_the_nearest_is_offered(named: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown) as caught:
        await World(tmp_path).engine().resolve(named)
    assert hint in str(caught.value.hint)


async def test_a_provider_that_only_litellm_knows_is_accepted(tmp_path: Path) -> None:
    assert await World(tmp_path).engine().resolve("bedrock/titan") == "bedrock/titan"


async def test_the_list_shows_what_is_usable_first_and_says_of_the_rest_what_is_missing(tmp_path: Path) -> None:
    world = World(tmp_path, {"GROQ_API_KEY": "sk-secret"}, servers=(OLLAMA, EMPTY))
    rows = await world.engine().usable()
    usable = [row.model for row in rows if row.usable]
    assert usable == ["groq/openai/gpt-oss-120b", "groq/openai/gpt-oss-20b", "ollama/llama", "ollama/phi", "oxios/demo"]
    assert [row.model for row in rows if row.default] == ["groq/openai/gpt-oss-120b"]
    sentences = {row.model.partition("/")[0]: row.sentence for row in rows}
    assert sentences["groq"] == "Groq, with GROQ_API_KEY in the environment"
    assert sentences["ollama"] == "Ollama on this machine at http://127.0.0.1:11434"
    assert "no model loaded" in sentences["hosted_vllm"]
    assert "OPENAI_API_KEY" in sentences["openai"]
    assert not any("sk-secret" in row.sentence for row in rows)


@pytest.mark.parametrize(
    ("default", "environ", "usable", "says"),
    [
        ("openai/mine", {"OPENAI_API_KEY": "k"}, True, "OpenAI, with OPENAI_API_KEY in the environment"),
        ("openai/mine", {"OPENAI_BASE_URL": "http://u:p@127.0.0.1:9/v1"}, True, "at http://127.0.0.1:9/v1, without"),
        ("openai/mine", {}, False, "no key for OpenAI"),
        ("ollama/phi", {}, True, "Ollama on this machine"),
        ("ollama/other", {}, False, "no such model"),
        ("lm_studio/x", {}, False, "does not answer"),
        ("ollama/far", {"OLLAMA_API_BASE": "http://far:1"}, True, "Ollama at http://far:1"),
        ("bedrock/titan", {}, True, "engine.default_model"),
        ("opnai/x", {}, False, "openai/x"),
        ("", {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, True, "built in"),
    ],
)
async def test_the_list_has_the_one_default_model_and_says_whether_it_can_be_asked(
    tmp_path: Path, default: str, environ: dict[str, str], usable: bool, says: str
) -> None:
    world = World(tmp_path, environ, EngineSettings(default_model=default), servers=(OLLAMA,))
    [row] = [row for row in await world.engine().usable() if row.default]
    assert (row.model, row.usable) == (default or "oxios/demo", usable)
    assert says in row.sentence


async def test_a_server_that_speaks_a_providers_protocol_can_be_asked_without_a_key(tmp_path: Path) -> None:
    world = World(tmp_path, settings=EngineSettings(api_base={"openai": "http://127.0.0.1:9/v1"}))
    rows = {row.model: row for row in await world.engine().usable()}
    assert rows["openai"].usable
    assert "http://127.0.0.1:9/v1, without a key" in rows["openai"].sentence


async def test_a_credentials_file_that_others_can_read_is_told_in_the_list_and_refused_otherwise(
    tmp_path: Path,
) -> None:
    (tmp_path / "credentials.toml").write_text('OPENAI_API_KEY = "k"\n')
    (tmp_path / "credentials.toml").chmod(0o644)
    engine = World(tmp_path).engine()
    rows = {row.model.partition("/")[0]: row for row in await engine.usable()}
    assert "can be read by others" in rows["openai"].sentence
    assert rows["oxios"].usable
    with pytest.raises(ConfigError, match="can be read by others"):
        await engine.resolve()


async def test_a_call_is_tried_again_then_asked_elsewhere_and_only_the_answer_is_paid(tmp_path: Path) -> None:
    def script(request: LlmRequest) -> str | Exception:
        return ModelUnavailable(f"{request.model} is away") if request.model == "openai/first" else "here"

    settings = EngineSettings(max_retries=0, fallback_models=("groq/second",), deadline_seconds=40)
    world, notes, bills = World(tmp_path, settings=settings, real=ScriptedLlm(script)), list[str](), list[str]()
    llm = world.engine().llm(
        PAYER, note=notes.append, spent=lambda model, usage: bills.append(f"{model} {usage.calls}")
    )
    await llm.complete(LlmRequest(model="openai/first", messages=()))
    await llm.complete(LlmRequest(model="openai/first", messages=()))
    assert notes == ["openai/first is away; asking groq/second instead"]
    assert bills == ["test/model 1"] * 2
    assert llm.usage == Usage(input_tokens=20, output_tokens=10, calls=2, cost_micro_usd=60)


async def test_the_settings_bound_every_call(tmp_path: Path) -> None:
    real = ScriptedLlm(["one", "two"])
    settings = EngineSettings(deadline_seconds=40, max_output_tokens=500)
    llm = World(tmp_path, settings=settings, real=real).engine().llm(PAYER, note=lambda _: None)
    await llm.complete(LlmRequest(model="openai/x", messages=()))
    await llm.complete(LlmRequest(model="openai/x", messages=(), max_output_tokens=7))
    assert [request.deadline_seconds for request in real.requests] == [40, 40]
    assert [request.max_output_tokens for request in real.requests] == [500, 7]


async def test_one_unknown_price_makes_the_sum_unknown_and_not_smaller(tmp_path: Path) -> None:
    real = ScriptedLlm([says("a"), says("b", usage=Usage(calls=1, cost_micro_usd=None))])
    llm = World(tmp_path, real=real).engine().llm(PAYER, note=lambda _: None)
    await llm.complete(LlmRequest(model="openai/x", messages=()))
    assert llm.usage.cost_micro_usd == 30
    await llm.complete(LlmRequest(model="openai/x", messages=()))
    assert llm.usage.cost_micro_usd is None


async def test_a_call_that_fails_costs_nothing(tmp_path: Path) -> None:
    real = ScriptedLlm([ModelError("it does not want to")])
    llm = World(tmp_path, real=real).engine().llm(PAYER, note=lambda _: None)
    with pytest.raises(ModelError):
        await llm.complete(LlmRequest(model="openai/x", messages=()))
    assert llm.usage == Usage()
