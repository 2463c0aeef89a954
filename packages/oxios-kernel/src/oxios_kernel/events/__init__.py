"""Events, told as they happen to whoever listens. Rooms publish; doors (command line, channels, API) listen."""

from oxios_kernel.events.bus import Bus, Listener

__all__ = ["Bus", "Listener"]
