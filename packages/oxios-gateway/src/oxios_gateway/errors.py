"""The gateway's errors, split by what the caller does next.

    GatewayError
    ├── GatewayClosed      the gateway takes nothing more: keep the message, or tell its sender to come back
    ├── ChannelNameTaken   two channels with one name: unregister the first, or rename the second
    └── ChannelFailed      a channel did not start, or ended by an error: its cause says why

They concern those who assemble a product and those who write a channel. What the person who sent a message is told is
made in `faults.py`.
"""

__all__ = ["ChannelFailed", "ChannelNameTaken", "GatewayClosed", "GatewayError"]


class GatewayError(Exception):
    """The root of the tree."""


class GatewayClosed(GatewayError):
    """The gateway is stopping or has stopped; the message was not accepted and will not be answered."""


class ChannelNameTaken(GatewayError):
    """A channel of that name is registered already."""


class ChannelFailed(GatewayError):
    """A channel did not start or ended by an error, which is the cause."""
