"""Adapters and settings become the kernel: each constructor called once, from the bottom up, nothing decided."""

from functools import partial

from oxios_ouroboros import ProtocolSettings

from oxios_kernel.a2a import Cards, Delegation, Mail
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
    turn_of,
)
from oxios_kernel.boot.adapters import Adapters, Paths
from oxios_kernel.boot.timers import build_cron
from oxios_kernel.boot.traffic import Traffic
from oxios_kernel.config import AgentsSettings, Settings
from oxios_kernel.config import ProtocolSettings as ProtocolSection
from oxios_kernel.conversation import Conversation, Services, Sessions, TurnRequest
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.budget import payers
from oxios_kernel.domain.event import About, Noted
from oxios_kernel.domain.run import Run, RunKind
from oxios_kernel.engine import Calls, Credentials, Engine, Models, Payer
from oxios_kernel.kernel import Kernel
from oxios_kernel.personas import Personas
from oxios_kernel.policy import FencedFiles, Gate, rights_for
from oxios_kernel.ports.llm import Llm
from oxios_kernel.tools import ToolCatalog
from oxios_kernel.tools.builtin import (
    AgentTools,
    BudgetTools,
    CronTools,
    DelegationTools,
    FileTools,
    PeerTools,
    SearchTools,
    ShellTools,
)

__all__ = ["build_engine", "build_kernel"]


def build_kernel(
    adapters: Adapters,
    engine: Engine,
    traffic: Traffic,
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
        traffic: what regulates their calls.
        settings: a section for each room.
        paths: where things are kept.
        notices: what the person should be told about opening.
        host: whether all runs of the home are this kernel's business.
        idle: whether it carries out no runs but the turns that it is asked for.
    """
    bus, scheduler = traffic.bus, traffic.scheduler
    gate = Gate(settings.security, adapters.files, home=paths.home)
    files = FencedFiles(adapters.files, settings.security.denied_paths, home=paths.home)
    processes = _processes(adapters, settings.agents, traffic, host=host)

    async def begin(request: TurnRequest) -> bool:
        turn = await conversation.draft(request)
        new = await adapters.runs.add(turn)
        if new:
            processes.supervisor.adopt(turn.id)
        return new

    cron = build_cron(adapters, settings.cron, paths, begin)
    cards, mail = Cards(processes.table), Mail(processes)
    builtin = (
        FileTools(files),
        SearchTools(files, adapters.matcher),
        ShellTools(adapters.processes, adapters.search_path),
        AgentTools(processes, adapters.clock),
        PeerTools(cards, mail, processes, adapters.clock),
        DelegationTools(Delegation(processes), processes, adapters.clock),
        BudgetTools(traffic.budgets, processes.table),
        CronTools(cron, processes.table),
    )
    tools = ToolCatalog(builtin, gate=gate, settings=settings.tools)

    async def llm_for(run: Run) -> Llm:
        about = About(run_id=run.id, session_id=run.session_id, turn_id=turn_of(run))
        lineage = await processes.table.lineage(run)
        payer = Payer(run_id=run.id, scopes=payers(lineage, principal=run.principal, space=run.space_id))
        return engine.llm(payer, note=lambda text: bus.publish(Noted(**about, text=text)))

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
        cards=cards,
        mail=mail,
        scheduler=scheduler,
        cron=cron,
        monitor=traffic.monitor,
        rates=traffic.rates,
        budgets=traffic.budgets,
        limits=traffic.limits,
        engine=engine,
        personas=personas,
        tools=tools,
        bus=bus,
        notices=notices,
    )


def _processes(adapters: Adapters, settings: AgentsSettings, traffic: Traffic, *, host: bool) -> Processes:
    table = RunTable(runs=adapters.runs, control=adapters.control, clock=adapters.clock)
    carrier = Carrier(runs=adapters.runs, control=adapters.control, journal=adapters.journal, bus=traffic.bus)
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
            budgets=traffic.budgets,
            clock=adapters.clock,
            new_id=adapters.new_id,
            limits=forks,
        ),
        supervisor=supervisor,
    )


def build_engine(
    adapters: Adapters, credentials: Credentials, models: Models, settings: Settings, traffic: Traffic
) -> Engine:
    """Return the models of a home."""
    calls = Calls(
        models=models,
        settings=settings.engine,
        clock=adapters.clock,
        budgets=traffic.budgets,
        breakers=traffic.breakers,
        pace=traffic.pace,
        new_id=adapters.new_id,
    )
    return Engine(
        settings=settings.engine,
        credentials=credentials,
        calls=calls,
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
