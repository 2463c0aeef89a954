"""A whole kernel for tests: the real services on a real journal and real files in a folder of the test, with a scripted
model in the place of all models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from oxios_kernel.boot.adapters import Paths, open_adapters
from oxios_kernel.boot.background import at_work
from oxios_kernel.boot.services import build_engine, build_kernel
from oxios_kernel.boot.traffic import open_traffic
from oxios_kernel.config import Settings
from oxios_kernel.engine import Credentials, Models
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.llm import Llm

__all__ = ["open_test_kernel"]


@asynccontextmanager
async def open_test_kernel(
    home: Path, llm: Llm, settings: Settings | None = None, *, host: bool = False
) -> AsyncIterator[Kernel]:
    """Open a kernel that asks `llm` and nobody else; it knows no keys and reads no settings.

    Args:
        home: a folder of the test; opened again it holds what the kernel before left.
        llm: answers every model call, whichever model is named.
        settings: what to open it with, `None` for the defaults.
        host: whether it carries out all runs of the home.
    """
    paths = Paths.below(home)
    chosen = settings or Settings()
    async with open_adapters(paths, {}) as adapters:
        credentials = Credentials(adapters.secrets, environ={}, api_base={}, file=str(paths.credentials))
        traffic = await open_traffic(adapters, chosen, paths)
        engine = build_engine(adapters, credentials, Models(demo=llm, real=llm), chosen, traffic)
        kernel = build_kernel(adapters, engine, traffic, chosen, paths, host=host)
        async with at_work(kernel, host=host):
            yield kernel
