"""What agents can do. A tool is a typed function (`function.py`); what holds for all of them is a wrapper of the same
shape, and `ToolCatalog` puts these together: `Limited(Audited(Gated(Combined(...))))`."""

from oxios_kernel.tools.audited import Audited, AuditSink
from oxios_kernel.tools.catalog import ToolCatalog
from oxios_kernel.tools.combined import Combined
from oxios_kernel.tools.function import Arguments, FunctionTools, Tool, tool
from oxios_kernel.tools.gated import Gated
from oxios_kernel.tools.limited import Limited
from oxios_kernel.tools.outputs import kept_folder

__all__ = [
    "Arguments",
    "AuditSink",
    "Audited",
    "Combined",
    "FunctionTools",
    "Gated",
    "Limited",
    "Tool",
    "ToolCatalog",
    "kept_folder",
    "tool",
]
