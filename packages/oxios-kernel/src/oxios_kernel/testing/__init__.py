"""Fakes of the kernel's ports, for tests of the kernel and of programs that embed it. Each is typed by its Protocol and
held to the same promises as the real one."""

from oxios_kernel.testing.clock import FakeClock
from oxios_kernel.testing.host import MemoryFiles, MemorySecrets, ScriptedProcesses
from oxios_kernel.testing.journal import MemoryJournal
from oxios_kernel.testing.kernel import open_test_kernel
from oxios_kernel.testing.ledger import MemoryLedger
from oxios_kernel.testing.llm import HANG, ScriptedLlm, calls, says
from oxios_kernel.testing.protocol import ProtocolScript, chat, evolved, purpose_of, reviewed, task, tool, unclear
from oxios_kernel.testing.records import MemoryRecords
from oxios_kernel.testing.vitals import ScriptedVitals

__all__ = [
    "HANG",
    "FakeClock",
    "MemoryFiles",
    "MemoryJournal",
    "MemoryLedger",
    "MemoryRecords",
    "MemorySecrets",
    "ProtocolScript",
    "ScriptedLlm",
    "ScriptedProcesses",
    "ScriptedVitals",
    "calls",
    "chat",
    "evolved",
    "open_test_kernel",
    "purpose_of",
    "reviewed",
    "says",
    "task",
    "tool",
    "unclear",
]
