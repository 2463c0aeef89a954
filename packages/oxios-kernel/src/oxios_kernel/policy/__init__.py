"""May this call happen? Capabilities, roles, the settings' lists and rules for commands, asked in that order by `Gate`.

Filtering gives clear answers; what holds is that files are opened below the run's folder only (`ports/files.py`) and
that commands are confined. Only `tools/gated.py` asks.
"""

from oxios_kernel.policy.capabilities import CAPABILITIES
from oxios_kernel.policy.fence import FencedFiles
from oxios_kernel.policy.gate import Gate, Observe
from oxios_kernel.policy.templates import rights_for

__all__ = ["CAPABILITIES", "FencedFiles", "Gate", "Observe", "rights_for"]
