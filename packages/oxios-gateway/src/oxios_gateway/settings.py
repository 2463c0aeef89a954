"""The gateway's limits, each with its unit and the reason for its default. Handed to `Gateway` by the product."""

from dataclasses import dataclass

__all__ = ["GatewaySettings"]


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """How much the gateway holds and how long it waits.

    Attributes:
        inbox: messages accepted and not yet given to their conversation; a channel waits when there are more.
        concurrent: conversations at work at once.
        conversation_queue: messages waiting in one conversation; a further one is answered with `Busy`.
        remembered: ids of messages remembered to answer each once, and conversations whose choice of model and
            persona is kept; the oldest is forgotten first.
        content_bytes: the longest message, in bytes of UTF-8.
        deadline_seconds: the longest work on one message; an agent's hour-long task is meant to fit.
        drain_seconds: how long work may go on after the gateway was told to stop.
        send_seconds: how long a channel may take to show one message.
        send_retries: how often showing a message is tried again.
        send_pause_seconds: the pause before the first retry; the n-th is n times as long.
    """

    inbox: int = 1024
    concurrent: int = 32
    conversation_queue: int = 16
    remembered: int = 4096
    content_bytes: int = 1_048_576
    deadline_seconds: float = 3600.0
    drain_seconds: float = 5.0
    send_seconds: float = 10.0
    send_retries: int = 3
    send_pause_seconds: float = 0.1
