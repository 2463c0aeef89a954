"""Adapters and settings become the kernel: each constructor called once, from the bottom up, nothing decided."""

from functools import partial

from oxios_ouroboros import ProtocolSettings

from oxios_kernel.agents import (
    AgentWork,
    Carrier,
    ForkLimits,
    Forks,
    Limits,
    Processes,
    RunTable,
    Supervisor,
    slot_for,
)
from oxios_kernel.boot.adapters import Adapters, Paths
from oxios_kernel.config import AgentsSettings, ScheduleSettings, Settings
from oxios_kernel.config import ProtocolSettings as ProtocolSection
from oxios_kernel.conversation import Conversation, Services, Sessions
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.event import About, Noted
from oxios_kernel.domain.run import RunKind
from oxios_kernel.engine import Credentials, Engine
from oxios_kernel.events import Bus
from oxios_kernel.kernel import Kernel
from oxios_kernel.personas import Personas
from oxios_kernel.policy import FencedFiles, Gate, rights_for
from oxios_kernel.ports.llm import Llm
from oxios_kernel.schedule import Caps, Rates, Scheduler
from oxios_kernel.tools import ToolCatalog
from oxios_kernel.tools.builtin import AgentTools, FileTools, SearchTools, ShellTools

__all__ = ["build_kernel"]


def build_kernel(
    adapters: Adapters,
    engine: Engine,
    settings: Settings,
    paths: Paths,
    *,
    notices: tuple[str, ...] = (),
    host: bool = False,
    idle: bool = False,
) -> Kernel:
    """Return the services of an open home.

    Args:
        adapters: what they are built on.
        engine: the models.
        settings: a section for each room.
        paths: where things are kept.
        notices: what the person should be told about opening.
        host: whether all runs of the home are this kernel's business.
        idle: whether it carries out no runs but the turns that it is asked for.
    """
    bus = Bus()
    gate = Gate(settings.security, adapters.files)
    files = FencedFiles(adapters.files, settings.security.denied_paths)
    scheduler = Scheduler(adapters.clock, lambda: _caps(settings.schedule), Rates())
    processes = _processes(adapters, settings.agents, bus, host=host)
    builtin = (
        FileTools(files),
        SearchTools(files, adapters.matcher),
        ShellTools(adapters.processes, adapters.search_path),
        AgentTools(processes, adapters.clock),
    )
    tools = ToolCatalog(builtin, gate=gate, settings=settings.tools)

    def llm_for(about: About) -> Llm:
        return engine.llm(note=lambda text: bus.publish(Noted(**about, text=text)))

    agent_work = AgentWork(
        table=processes.table,
        llm_for=llm_for,
        tools_for=tools.for_agent,
        scheduler=scheduler,
        clock=adapters.clock,
        bus=bus,
        limits=_limits(settings.agents),
        outputs=paths.outputs,
    )
    sessions = Sessions(records=adapters.records, locks=adapters.locks, clock=adapters.clock, new_id=adapters.new_id)
    personas = Personas(adapters.records)
    services = Services(
        llm_for=llm_for,
        forks=processes.forks,
        outputs=paths.outputs,
        tools_for=tools.for_agent,
        slot=partial(slot_for, scheduler=scheduler, clock=adapters.clock),
        records=adapters.records,
        files=files,
        bus=bus,
        rights=rights_for(Role.USER),
        protocol=_protocol(settings.protocol),
        ask=settings.protocol.ask_before_acting == "auto",
    )
    conversation = Conversation(
        sessions=sessions,
        table=processes.table,
        supervisor=processes.supervisor,
        services=services,
        engine=engine,
        personas=personas,
        clock=adapters.clock,
        new_id=adapters.new_id,
        history_turns=settings.conversation.history_turns,
    )
    if not idle:
        processes.supervisor.works(RunKind.AGENT, agent_work)
        processes.supervisor.works(RunKind.TURN, conversation.apart)
    return Kernel(
        settings=settings,
        conversation=conversation,
        sessions=sessions,
        table=processes.table,
        processes=processes,
        supervisor=processes.supervisor,
        scheduler=scheduler,
        engine=engine,
        personas=personas,
        tools=tools,
        bus=bus,
        notices=notices,
    )


def _processes(adapters: Adapters, settings: AgentsSettings, bus: Bus, *, host: bool) -> Processes:
    table = RunTable(runs=adapters.runs, control=adapters.control, clock=adapters.clock)
    carrier = Carrier(runs=adapters.runs, control=adapters.control, journal=adapters.journal, bus=bus)
    supervisor = Supervisor(
        runs=adapters.runs, control=adapters.control, carrier=carrier, clock=adapters.clock, host=host
    )
    forks = ForkLimits(depth=settings.max_depth, children=settings.max_children, agents=settings.max_agents)
    return Processes(
        table=table,
        control=adapters.control,
        journal=adapters.journal,
        forks=Forks(
            table=table,
            control=adapters.control,
            journal=adapters.journal,
            supervisor=supervisor,
            clock=adapters.clock,
            new_id=adapters.new_id,
            limits=forks,
        ),
        supervisor=supervisor,
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


def _caps(settings: ScheduleSettings) -> Caps:
    return Caps(
        concurrent=settings.concurrent,
        per_principal=settings.per_principal,
        per_provider=settings.per_provider,
        ageing_seconds=settings.ageing_seconds,
    )
