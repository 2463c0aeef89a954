"""One accepted message → one answer: a switch carried out, a reply, or an error in words.

Whatever happens while a message is answered ends in an `Outgoing`; only the end of the gateway gets through.
Knows nothing of queues and of how an answer is sent; called by `gateway.py`.
"""

import logging
from collections.abc import Mapping

import anyio

from oxios_gateway.actions import Actions, Choices, ConversationKey, conversation_of, switch
from oxios_gateway.channel import Channel, ShowsProgress
from oxios_gateway.conversation import Converse, ReplyLike, Request
from oxios_gateway.errors import GatewayError
from oxios_gateway.faults import Faults, fault
from oxios_gateway.feed import Feed
from oxios_gateway.intake import Ticket
from oxios_gateway.message import ErrorKind, Incoming, MetadataKey, Outgoing, ReplyMeta, UserFacingError
from oxios_gateway.settings import GatewaySettings

__all__ = ["Turns", "error_reply"]

logger = logging.getLogger(__name__)

UNSWITCHED = "The conversation goes on as it was; try again, or choose another."


class InvalidContent(GatewayError):
    """The message says nothing, or more than is taken."""

    kind = ErrorKind.VALIDATION_ERROR


class Turns:
    """Answers messages and keeps what each conversation has switched to."""

    def __init__(
        self, converse: Converse, *, faults: Faults, actions: Actions | None, settings: GatewaySettings
    ) -> None:
        self._converse = converse
        self._faults = faults
        self._actions = actions
        self._settings = settings
        self._choices = Choices(settings.remembered)

    async def answer(self, ticket: Ticket, channel: Channel | None) -> Outgoing:
        """Answer one message; progress goes to the channel, if it shows any."""
        try:
            with ticket.scope:
                return await self._switched(ticket) or await self._replied(ticket, channel)
            return error_reply(ticket, fault(ErrorKind.INTERRUPTED))
        except Exception as error:  # noqa: BLE001 - a request is answered
            return error_reply(ticket, self._faults.explain(error))

    async def _switched(self, ticket: Ticket) -> Outgoing | None:
        """Carry out the action of a message, if it is one."""
        message = ticket.message
        action = message.metadata.get(MetadataKey.ACTION)
        if not action:
            return None
        key = conversation_of(message)
        try:
            switched = await switch(action, message, self._choices.of(key), self._actions)
        except Exception as error:  # noqa: BLE001 - a request is answered
            told = self._faults.explain(error)
            return error_reply(ticket, told.model_copy(update={"suggestion": told.suggestion or UNSWITCHED}))
        if switched is None:
            logger.warning("unknown action %r in message %r: answered as any other", action, message.id)
            return None
        choice, sentence = switched
        self._choices.keep(key, choice)
        meta = ReplyMeta(phase="action", evaluation_passed=True, session_id=key[2] or None)
        return _outgoing(ticket, sentence, meta, chosen=choice.metadata)

    async def _replied(self, ticket: Ticket, channel: Channel | None) -> Outgoing:
        message, key = ticket.message, conversation_of(ticket.message)
        _check_content(message.content, self._settings.content_bytes)
        reply = await self._handled(self._request(message, key), channel)
        meta = ReplyMeta.model_validate(reply)
        if meta.session_id:
            self._choices.move(key, conversation_of(message, meta.session_id))
        return _outgoing(ticket, reply.content, meta)

    async def _handled(self, request: Request, channel: Channel | None) -> ReplyLike:
        """Let the request be answered within the deadline, with progress shown meanwhile."""
        feed = Feed()
        async with anyio.create_task_group() as showing:
            if isinstance(channel, ShowsProgress):
                seconds = self._settings.send_seconds
                showing.start_soon(lambda: feed.show(request.request_id, channel, seconds=seconds))
            with anyio.fail_after(self._settings.deadline_seconds):
                reply = await self._converse.handle(request, listen=feed)
            feed.close()
            showing.cancel_scope.deadline = anyio.current_time() + self._settings.send_seconds
        return reply

    def _request(self, message: Incoming, key: ConversationKey) -> Request:
        """What the message itself names comes before what its conversation has switched to."""
        chosen, said = self._choices.of(key), message.metadata
        return Request(
            content=message.content,
            user_id=message.user_id,
            channel=message.channel,
            request_id=message.id,
            session_id=said.get(MetadataKey.SESSION_ID) or None,
            space_id=said.get(MetadataKey.SPACE_ID) or None,
            persona=said.get(MetadataKey.PERSONA_ID) or chosen.persona,
            model=said.get(MetadataKey.MODEL_ID) or chosen.model,
            workdir=said.get(MetadataKey.WORKDIR) or None,
        )


def error_reply(ticket: Ticket, error: UserFacingError) -> Outgoing:
    """Build the answer that says what went wrong."""
    session_id = ticket.message.metadata.get(MetadataKey.SESSION_ID)
    return _outgoing(ticket, error.message, ReplyMeta(session_id=session_id, error=error))


def _outgoing(ticket: Ticket, content: str, meta: ReplyMeta, *, chosen: Mapping[str, str] | None = None) -> Outgoing:
    message = ticket.message
    session = {MetadataKey.SESSION_ID.value: meta.session_id} if meta.session_id else {}
    if meta.duration_ms is None:
        waited_ms = round((anyio.current_time() - ticket.accepted_at) * 1000)
        meta = meta.model_copy(update={"duration_ms": waited_ms})
    return Outgoing(
        id=message.id,
        channel=message.channel,
        user_id=message.user_id,
        content=content,
        metadata={**message.metadata, **session, **(chosen or {})},
        meta=meta,
    )


def _check_content(content: str, limit_bytes: int) -> None:
    if not content.strip():
        raise InvalidContent("The message is empty. Write what you want to have done.")
    size = len(content.encode(errors="replace"))
    if size > limit_bytes:
        raise InvalidContent(
            f"Expected a message of at most {limit_bytes:,} bytes, got {size:,}. Shorten it, or put it into a file."
        )
