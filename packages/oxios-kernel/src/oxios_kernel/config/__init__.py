"""Settings: what there is to set (`sections`), where it comes from (`load`) and how a person changes it (`edit`).

The kernel's rooms are given their section by the assembly; only the assembly and the doors read files. `edit` is
imported by itself (`oxios_kernel.config.edit`): it needs tomlkit, which no other command has a use for.
"""

from oxios_kernel.config.keys import Key, all_keys, find_key
from oxios_kernel.config.load import Loaded, load_settings
from oxios_kernel.config.sections import (
    CONFIG_VERSION,
    AgentsSettings,
    BudgetSettings,
    ConversationSettings,
    CronSettings,
    EngineSettings,
    HealthSettings,
    JournalSettings,
    LoggingSettings,
    ProtocolSettings,
    ScheduleSettings,
    SecuritySettings,
    Settings,
    ToolsSettings,
)

__all__ = [
    "CONFIG_VERSION",
    "AgentsSettings",
    "BudgetSettings",
    "ConversationSettings",
    "CronSettings",
    "EngineSettings",
    "HealthSettings",
    "JournalSettings",
    "Key",
    "Loaded",
    "LoggingSettings",
    "ProtocolSettings",
    "ScheduleSettings",
    "SecuritySettings",
    "Settings",
    "ToolsSettings",
    "all_keys",
    "find_key",
    "load_settings",
]
