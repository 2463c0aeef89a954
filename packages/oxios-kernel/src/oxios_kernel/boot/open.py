"""`open_kernel`: the kernel as a block. What it opened is closed when the block is left, in reverse order."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from oxios_kernel.boot.adapters import Adapters, Paths, open_adapters, open_models
from oxios_kernel.boot.background import at_work
from oxios_kernel.boot.hosting import hosting
from oxios_kernel.boot.services import build_engine, build_kernel
from oxios_kernel.boot.traffic import Traffic, open_traffic
from oxios_kernel.config import JournalSettings, Settings, load_settings
from oxios_kernel.engine import Credentials
from oxios_kernel.kernel import Kernel

__all__ = ["open_kernel"]

FOR_EVER = timedelta(days=36_500)


@asynccontextmanager
async def open_kernel(
    home: Path | str,
    *,
    environment: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    host: bool = False,
    idle: bool = False,
) -> AsyncIterator[Kernel]:
    """Open the kernel of a home, and close it when the block is left.

    Args:
        home: the folder that keeps settings, runs and conversations; it is made when it is missing.
        environment: where provider keys and `OXIOS_…` settings are looked for besides the home, `None` for nowhere.
        settings: what to open it with, `None` to read `config.toml` of the home and the environment.
        host: whether this kernel is the host of its home: it carries out every queued run and takes over those whose
            process died. A home has one host at a time; kernels beside it carry out what they start themselves.
        idle: whether it only looks on and steers: what is started or resumed through it is left to others.

    Raises:
        HomeHosted: `host` was asked for, and the home has a host already.
        ConfigError: a setting or the credentials file cannot be used.
        HomeError: the home cannot be read or written, or a newer program wrote its database.
    """
    paths = Paths.below(home)
    known = environment or {}
    notices: tuple[str, ...] = ()
    if settings is None:
        loaded = load_settings(paths.config, known)
        settings, notices = loaded.settings, loaded.warnings
    async with hosting(paths.home / "run", host=host), open_adapters(paths, known) as adapters:
        credentials = Credentials(
            adapters.secrets, environ=known, api_base=settings.engine.api_base, file=str(paths.credentials)
        )
        traffic = await open_traffic(adapters, settings, paths)
        async with open_models(credentials.connect, adapters, _learner(adapters, traffic)) as models:
            engine = build_engine(adapters, credentials, models, settings, traffic)
            await _collect(adapters, settings.journal)
            notices += adapters.notices
            kernel = build_kernel(adapters, engine, traffic, settings, paths, notices=notices, host=host, idle=idle)
            async with at_work(kernel, host=host):
                yield kernel


def _learner(adapters: Adapters, traffic: Traffic) -> Callable[[str, Mapping[str, str]], None]:
    """Return what learns a provider's limits from the headers of its answers."""

    def learn(provider: str, headers: Mapping[str, str]) -> None:
        traffic.rates.learn(provider, headers, adapters.clock.monotonic())

    return learn


async def _collect(adapters: Adapters, settings: JournalSettings) -> None:
    """Remove the journals of runs that ended long ago."""
    age = timedelta(days=settings.keep_days) if settings.keep_days else FOR_EVER
    await adapters.runs.collect(settings.keep_runs or 10**9, adapters.clock.now() - age)
