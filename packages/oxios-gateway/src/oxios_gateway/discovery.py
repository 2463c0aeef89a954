"""Installed distributions → the channels they offer, by name.

A channel announces itself through an entry point of the group `oxios.channels`, so pip alone adds and removes one.
Called by the product, which decides which of them to open.
"""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from oxios_gateway.channel import Channel

__all__ = ["GROUP", "ChannelFactory", "discover"]

GROUP = "oxios.channels"


class ChannelFactory(Protocol):
    """Makes a channel from its own section of the settings."""

    def __call__(self, settings: Mapping[str, Any]) -> Channel: ...


def discover(found: Iterable[EntryPoint] | None = None) -> dict[str, ChannelFactory]:
    """Return the installed channels by name. Loading one imports its package.

    Args:
        found: the entry points to use, `None` for those of the environment.
    """
    points = entry_points(group=GROUP) if found is None else found
    return {point.name: point.load() for point in points}
