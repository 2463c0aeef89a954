"""The product: the `oxios` program, which assembles the kernel, the gateway and the channels."""

__all__ = ["__version__"]
__version__ = "0.1.0"
