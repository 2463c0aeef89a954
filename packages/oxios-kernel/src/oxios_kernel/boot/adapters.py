"""Settings and paths become adapters: the only module that knows which library stands behind which port.

Heavy libraries (litellm, jsonschema, keyring) are imported by their adapters where they are first used.
"""

import os
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.files_beneath import FilesBeneath
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.adapters.ledger_sqlite import LedgerSqlite
from oxios_kernel.adapters.llm_demo import DemoLlm
from oxios_kernel.adapters.llm_litellm import Learn, LitellmLlm
from oxios_kernel.adapters.local_servers import LocalServersHttp
from oxios_kernel.adapters.locks_flock import LocksFlock
from oxios_kernel.adapters.matching_process import MatcherProcess
from oxios_kernel.adapters.models_litellm import ModelsLitellm
from oxios_kernel.adapters.processes_posix import ProcessesPosix
from oxios_kernel.adapters.records_files import FileRecords
from oxios_kernel.adapters.secrets_files import SecretsFiles
from oxios_kernel.adapters.vitals_psutil import VitalsPsutil
from oxios_kernel.domain.ids import NewId
from oxios_kernel.engine import Models
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.files import Files
from oxios_kernel.ports.journal import Journal, Runs
from oxios_kernel.ports.ledger import Ledger
from oxios_kernel.ports.llm import Llm
from oxios_kernel.ports.locks import Locks
from oxios_kernel.ports.matching import Matcher
from oxios_kernel.ports.models import Connect, KnownModels, LocalServers
from oxios_kernel.ports.processes import Processes
from oxios_kernel.ports.records import Records
from oxios_kernel.ports.secrets import Secrets
from oxios_kernel.ports.vitals import Vitals

__all__ = ["Adapters", "Paths", "open_adapters", "open_models"]


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Where a kernel keeps things.

    Attributes:
        home: the folder of everything else; locks are in `run/` below it.
    """

    home: Path

    @classmethod
    def below(cls, home: Path | str) -> "Paths":
        """Return the paths of a home, wherever the program goes later."""
        return cls(home=Path(os.path.abspath(home)))

    @property
    def config(self) -> Path:
        """The settings."""
        return self.home / "config.toml"

    @property
    def credentials(self) -> Path:
        """Keys of providers."""
        return self.home / "credentials.toml"

    @property
    def outputs(self) -> Path:
        """Tool output beyond the limit."""
        return self.home / "outputs"

    @property
    def jobs(self) -> Path:
        """Folders of the jobs that run by the clock and name no other; each has one of its own."""
        return self.home / "workspace" / "cron"


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """What the services are built on: an implementation for each port, whether a host lives, the `PATH` of commands."""

    clock: Clock
    new_id: NewId
    journal: Journal
    runs: Runs
    control: RunControl
    ledger: Ledger
    alive: Callable[[str], bool]
    records: Records
    locks: Locks
    files: Files
    processes: Processes
    matcher: Matcher
    secrets: Secrets
    vitals: Vitals
    servers: LocalServers
    known_models: KnownModels
    demo: Llm
    search_path: str
    notices: tuple[str, ...] = ()


@asynccontextmanager
async def open_adapters(paths: Paths, environment: Mapping[str, str]) -> AsyncIterator[Adapters]:
    """Open the adapters of a home, and close them when the block is left.

    Raises:
        HomeError: the home cannot be read or written, or a newer program wrote its database.
    """
    clock = ClockSystem()
    matcher = MatcherProcess()
    file, host = paths.home / "oxios.db", _new_id()
    async with await JournalSqlite.open(file, host, clock) as journal, await LedgerSqlite.open(file, host) as ledger:
        yield Adapters(
            clock=clock,
            new_id=_new_id,
            journal=journal,
            runs=journal,
            control=journal,
            ledger=ledger,
            alive=journal.alive,
            records=FileRecords(paths.home / "workspace"),
            locks=LocksFlock(paths.home / "run"),
            files=FilesBeneath(),
            processes=await ProcessesPosix.open(),
            matcher=matcher,
            secrets=SecretsFiles(environ=environment, file=paths.credentials),
            vitals=VitalsPsutil(),
            servers=LocalServersHttp(),
            known_models=ModelsLitellm(),
            demo=DemoLlm(),
            search_path=environment.get("PATH", os.defpath),
            notices=journal.notices,
        )


@asynccontextmanager
async def open_models(connect: Connect, adapters: Adapters, learn: Learn) -> AsyncIterator[Models]:
    """Open the way to models, and close its connections when the block is left.

    Args:
        connect: tells how a provider is reached.
        adapters: the demo model, and the names that are known.
        learn: is told the headers of each provider's answers.
    """
    real = LitellmLlm(connect=connect, known=adapters.known_models, learn=learn)
    try:
        yield Models(demo=adapters.demo, real=real, price=real.price)
    finally:
        await real.aclose()


def _new_id() -> str:
    return str(uuid.uuid4())
