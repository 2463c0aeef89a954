"""Assembly: settings become adapters, adapters become services, services are opened and closed in order."""

from oxios_kernel.boot.hosting import host_of
from oxios_kernel.boot.open import open_kernel

__all__ = ["host_of", "open_kernel"]
