"""Settings: what there is to set (`sections`), where it comes from (`load`) and how a person changes it (`edit`).

The kernel's rooms are given their section by the assembly; only the assembly and the doors read files.
"""

from oxios_kernel.config.sections import (
    CONFIG_VERSION,
    AgentsSettings,
    ConversationSettings,
    EngineSettings,
    JournalSettings,
    LoggingSettings,
    ProtocolSettings,
    SecuritySettings,
    Settings,
    ToolsSettings,
)

__all__ = [
    "CONFIG_VERSION",
    "AgentsSettings",
    "ConversationSettings",
    "EngineSettings",
    "JournalSettings",
    "LoggingSettings",
    "ProtocolSettings",
    "SecuritySettings",
    "Settings",
    "ToolsSettings",
]
