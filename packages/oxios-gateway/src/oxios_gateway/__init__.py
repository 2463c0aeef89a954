"""Many chat channels in, one ordered conversation, answers back through the channel they came from.

Needs anyio and pydantic only: whatever answers is handed in as a `Converse`.
"""

from oxios_gateway.actions import Actions
from oxios_gateway.channel import Channel, Inbox, ShowsProgress
from oxios_gateway.conversation import Converse, Listen, Progress, Reply, ReplyLike, Request
from oxios_gateway.discovery import ChannelFactory, discover
from oxios_gateway.errors import ChannelFailed, ChannelNameTaken, GatewayClosed, GatewayError
from oxios_gateway.faults import Faults
from oxios_gateway.gateway import Gateway
from oxios_gateway.message import ErrorKind, Incoming, MetadataKey, Outgoing, ReplyMeta, UserFacingError
from oxios_gateway.settings import GatewaySettings

__all__ = [
    "Actions",
    "Channel",
    "ChannelFactory",
    "ChannelFailed",
    "ChannelNameTaken",
    "Converse",
    "ErrorKind",
    "Faults",
    "Gateway",
    "GatewayClosed",
    "GatewayError",
    "GatewaySettings",
    "Inbox",
    "Incoming",
    "Listen",
    "MetadataKey",
    "Outgoing",
    "Progress",
    "Reply",
    "ReplyLike",
    "ReplyMeta",
    "Request",
    "ShowsProgress",
    "UserFacingError",
    "discover",
]
__version__ = "0.1.0"
