"""Adapters and settings become the kernel: each constructor called once, from the bottom up, nothing decided."""

from oxios_ouroboros import ProtocolSettings

from oxios_kernel.agents import Limits, RunTable, Supervisor
from oxios_kernel.boot.adapters import Adapters, Paths
from oxios_kernel.config import AgentsSettings, Settings
from oxios_kernel.config import ProtocolSettings as ProtocolSection
from oxios_kernel.conversation import Conversation, Services, Sessions
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.event import About, Noted
from oxios_kernel.engine import Credentials, Engine
from oxios_kernel.events import Bus
from oxios_kernel.kernel import Kernel
from oxios_kernel.personas import Personas
from oxios_kernel.policy import FencedFiles, Gate, rights_for
from oxios_kernel.ports.llm import Llm
from oxios_kernel.tools import ToolCatalog
from oxios_kernel.tools.builtin import FileTools, SearchTools, ShellTools

__all__ = ["build_kernel"]


def build_kernel(
    adapters: Adapters, engine: Engine, settings: Settings, paths: Paths, notices: tuple[str, ...] = ()
) -> Kernel:
    """Return the services of an open home.

    Args:
        adapters: what they are built on.
        engine: the models.
        settings: a section for each room.
        paths: where things are kept.
        notices: what the person should be told about opening.
    """
    bus = Bus()
    table = RunTable(runs=adapters.runs, journal=adapters.journal, clock=adapters.clock, bus=bus)
    gate = Gate(settings.security, adapters.files)
    files = FencedFiles(adapters.files, settings.security.denied_paths)
    builtin = (
        FileTools(files),
        SearchTools(files, adapters.matcher),
        ShellTools(adapters.processes, adapters.search_path),
    )
    tools = ToolCatalog(builtin, gate=gate, settings=settings.tools)

    def llm_for(about: About) -> Llm:
        return engine.llm(note=lambda text: bus.publish(Noted(**about, text=text)))

    supervisor = Supervisor(
        table=table,
        llm_for=llm_for,
        tools_for=tools.for_agent,
        bus=bus,
        limits=_limits(settings.agents),
        outputs=paths.outputs,
    )
    sessions = Sessions(records=adapters.records, locks=adapters.locks, clock=adapters.clock, new_id=adapters.new_id)
    personas = Personas(adapters.records)
    services = Services(
        llm_for=llm_for,
        supervisor=supervisor,
        records=adapters.records,
        files=files,
        bus=bus,
        rights=rights_for(Role.USER),
        protocol=_protocol(settings.protocol),
        ask=settings.protocol.ask_before_acting == "auto",
    )
    conversation = Conversation(
        sessions=sessions,
        table=table,
        services=services,
        engine=engine,
        personas=personas,
        clock=adapters.clock,
        new_id=adapters.new_id,
        history_turns=settings.conversation.history_turns,
    )
    return Kernel(
        settings=settings,
        conversation=conversation,
        sessions=sessions,
        table=table,
        engine=engine,
        personas=personas,
        tools=tools,
        bus=bus,
        notices=notices,
    )


def build_engine(adapters: Adapters, credentials: Credentials, real: Llm, settings: Settings) -> Engine:
    """Return the models of a home."""
    return Engine(
        settings=settings.engine,
        credentials=credentials,
        demo=adapters.demo,
        real=real,
        clock=adapters.clock,
        servers=adapters.servers,
        known=adapters.known_models,
    )


def _limits(settings: AgentsSettings) -> Limits:
    return Limits(
        max_steps=settings.max_steps,
        loop_repeats=settings.loop_repeats,
        max_calls=settings.max_calls,
        compact_at_characters=settings.compact_at_characters,
    )


def _protocol(settings: ProtocolSection) -> ProtocolSettings:
    return ProtocolSettings(
        max_rounds=settings.max_rounds,
        max_evolutions=settings.max_evolutions,
        pass_score=settings.pass_score,
        votes=settings.consensus_votes,
    )
