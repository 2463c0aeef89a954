"""Every setting there is: one frozen class per room, with unit, default, bounds and meaning in each field.

Fields carry their unit in the name. A room is given its own section and reads it when it needs it; none sees the whole.
The descriptions are the text of `docs/reference/settings.md` and `share/default-config.toml`, both held by a test. What
is written here is checked by `load.py` against file and environment, and changed by `edit.py`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from oxios_kernel.config.kinds import JobTables, ModelName, ModelNames, Texts, WebAddresses

__all__ = [
    "CONFIG_VERSION",
    "AgentsSettings",
    "BudgetSettings",
    "ConversationSettings",
    "CronSettings",
    "EngineSettings",
    "HealthSettings",
    "JournalSettings",
    "LoggingSettings",
    "ProtocolSettings",
    "ScheduleSettings",
    "Section",
    "SecuritySettings",
    "Settings",
    "ToolsSettings",
]

CONFIG_VERSION = 1
"""The format of `config.toml` that this program knows; raised when a key changes its meaning."""


class Section(BaseModel):
    """What all sections have in common: they are frozen and turn neither texts into numbers nor numbers into texts."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class EngineSettings(Section):
    """Which models are asked, and how patiently."""

    default_model: ModelName = Field(
        default="",
        description="The model, as `provider/model`. Empty: the first one that is usable, else `oxios/demo`.",
    )
    fallback_models: ModelNames = Field(
        default=(),
        description="Models that are asked, in this order, when the first one cannot answer.",
    )
    api_base: WebAddresses = Field(
        default_factory=dict,
        description='Base URL by provider, for servers that speak its protocol: `openai = "http://127.0.0.1:8000/v1"`.',
    )
    deadline_seconds: float = Field(
        default=300.0,
        ge=1,
        le=3600,
        description="The longest a model call may take in seconds, all tries included.",
    )
    max_retries: int = Field(
        default=4,
        ge=0,
        le=20,
        description="How often a failed model call is tried again before the next model is asked.",
    )
    max_output_tokens: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="The longest answer of a model in tokens. 0: the provider's own limit.",
    )


class AgentsSettings(Section):
    """When an agent stops by itself."""

    max_steps: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description="The most model calls an agent makes for one task.",
    )
    loop_repeats: int = Field(
        default=4,
        ge=2,
        le=100,
        description="How often the same tool calls with the same results may follow one another before it is stopped.",
    )
    max_calls: int = Field(
        default=64,
        ge=1,
        le=1_000,
        description="The most tool calls in one answer of a model; those beyond it are refused.",
    )
    compact_at_characters: int = Field(
        default=240_000,
        ge=10_000,
        le=100_000_000,
        description="The length of a transcript in characters at which its older part is summarised.",
    )

    max_depth: int = Field(
        default=5,
        ge=0,
        le=50,
        description="How many agents may stand above one another; 0: an agent starts no others.",
    )
    max_children: int = Field(
        default=50,
        ge=1,
        le=100_000,
        description="The most agents of one parent that have not ended.",
    )
    max_agents: int = Field(
        default=20_000,
        ge=1,
        le=10_000_000,
        description="The most agents of a home that have not ended.",
    )


class ScheduleSettings(Section):
    """How many runs may run at a time. One that waits for a child, a letter, a person or a moment does not count."""

    concurrent: int = Field(
        default=16,
        ge=1,
        le=10_000,
        description="The most runs at a time.",
    )
    per_principal: int = Field(
        default=16,
        ge=1,
        le=10_000,
        description="The most runs of one person or program at a time.",
    )
    per_provider: int = Field(
        default=16,
        ge=1,
        le=10_000,
        description="The most runs at a time that ask one provider's models.",
    )
    ageing_seconds: float = Field(
        default=30.0,
        ge=0.1,
        le=86_400,
        description="How long a run waits, in seconds, to count as one class more urgent.",
    )


class BudgetSettings(Section):
    """What all model calls of the home together may spend; 0 sets no limit. `oxios budget` sets and changes others."""

    tokens: int = Field(
        default=0,
        ge=0,
        le=10**15,
        description="The most tokens, input and output together, in a window. 0: any number.",
    )
    calls: int = Field(
        default=0,
        ge=0,
        le=10**15,
        description="The most answered model calls in a window. 0: any number.",
    )
    usd: float = Field(
        default=0.0,
        ge=0,
        le=1_000_000,
        description="The most money in a window, in US dollars. 0: any sum.",
    )
    window_seconds: int = Field(
        default=86_400,
        ge=0,
        le=3_155_760_000,
        description="After how many seconds the budget begins anew: a day at midnight UTC. 0: never.",
    )
    on_exhausted: Literal["ask", "stop", "warn"] = Field(
        default="ask",
        description="What becomes of a run whose call does not fit: `ask` pauses, `stop` ends it, `warn` only tells.",
    )


class CronSettings(Section):
    """Jobs that run by the clock, besides those that `oxios cron` keeps, and how many of these there may be."""

    jobs: JobTables = Field(
        default_factory=dict,
        description='Jobs by name: `[cron.jobs.report]` with `schedule = "0 9 * * MON-FRI"`, `goal = "…"` and others.',
    )

    max_jobs: int = Field(
        default=100,
        ge=0,
        le=100_000,
        description="The most jobs of one person or program.",
    )
    max_jobs_per_agent: int = Field(
        default=10,
        ge=0,
        le=100_000,
        description="The most jobs that one agent makes.",
    )


class HealthSettings(Section):
    """When the machine counts as overloaded. Less is begun then, down to a quarter; nothing is stopped."""

    memory_percent: float = Field(
        default=90.0,
        ge=1,
        le=100,
        description="How much of the memory is used then, in percent.",
    )
    load_per_processor: float = Field(
        default=4.0,
        ge=0.1,
        le=1_000,
        description="How many tasks want each processor then, in the mean of a minute.",
    )
    disk_free_mb: float = Field(
        default=200.0,
        ge=1,
        le=1_000_000_000,
        description="How many megabytes are left then on the disk of the Oxios home.",
    )


class ToolsSettings(Section):
    """What a tool call may take."""

    timeout_seconds: float = Field(
        default=120.0,
        ge=1,
        le=3600,
        description="The longest a tool call may take in seconds, where the tool does not say otherwise.",
    )
    output_characters: int = Field(
        default=16_000,
        ge=1_000,
        le=1_000_000,
        description="How much of a tool's output a model is shown, in characters; the whole is kept in a file.",
    )


class SecuritySettings(Section):
    """What agents may not do, whatever their role."""

    allowed_tools: Texts = Field(
        default=(),
        description="The only tools that agents may call. Empty: all that their capabilities cover.",
    )
    denied_tools: Texts = Field(
        default=(),
        description="Tools that agents may never call.",
    )
    denied_commands: Texts = Field(
        default=("sudo", "su", "doas", "shutdown", "reboot", "halt", "poweroff", "mkfs"),
        description="Programs that agents may not start.",
    )
    denied_paths: Texts = Field(
        default=(),
        description="Files and folders below the working folder that no tool may touch, as glob patterns.",
    )


class ProtocolSettings(Section):
    """How much a task is asked about, checked and improved."""

    ask_before_acting: Literal["auto", "never"] = Field(
        default="auto",
        description="Whether a request that is too unclear is asked about: `auto`, or `never` to take it as it stands.",
    )
    max_rounds: int = Field(
        default=3,
        ge=1,
        le=10,
        description="The most rounds of questions before a task is begun anyway.",
    )
    max_evolutions: int = Field(
        default=3,
        ge=0,
        le=10,
        description="How often a task that failed its checks is tried again with a better specification.",
    )
    pass_score: float = Field(
        default=0.8,
        ge=0.1,
        le=1,
        description="The share of criteria (by weight) that must be verified for a pass.",
    )
    consensus_votes: Literal[1, 3, 5, 7, 9] = Field(
        default=3,
        description="How many votes decide a borderline judgement.",
    )


class ConversationSettings(Section):
    """What a conversation remembers."""

    history_turns: int = Field(
        default=20,
        ge=0,
        le=1_000,
        description="How many earlier turns of a conversation a model is shown.",
    )


class JournalSettings(Section):
    """How long finished runs are kept. Runs that are not finished are always kept."""

    keep_runs: int = Field(
        default=1_000,
        ge=0,
        le=1_000_000,
        description="How many finished runs are kept, the newest. 0: all.",
    )
    keep_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        description="For how many days a finished run is kept. 0: for ever.",
    )


class LoggingSettings(Section):
    """What is written to `logs/oxios.log`."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="The least important messages that are logged.",
    )


class Settings(Section):
    """All settings, one section per room."""

    config_version: int = Field(
        default=CONFIG_VERSION,
        ge=1,
        description="The format of the file. Written by Oxios; leave it as it is.",
    )
    engine: EngineSettings = EngineSettings()
    agents: AgentsSettings = AgentsSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    budget: BudgetSettings = BudgetSettings()
    cron: CronSettings = CronSettings()
    health: HealthSettings = HealthSettings()
    tools: ToolsSettings = ToolsSettings()
    security: SecuritySettings = SecuritySettings()
    protocol: ProtocolSettings = ProtocolSettings()
    conversation: ConversationSettings = ConversationSettings()
    journal: JournalSettings = JournalSettings()
    logging: LoggingSettings = LoggingSettings()
