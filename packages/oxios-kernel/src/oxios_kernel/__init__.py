"""The kernel of Oxios: agents, tools, policy and a durable journal.

Importing this package is cheap: it holds the version and nothing else. Programs that embed the kernel begin with
`oxios_kernel.boot.open_kernel`; the errors are in `oxios_kernel.errors`.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
