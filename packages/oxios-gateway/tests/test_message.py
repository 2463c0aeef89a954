from datetime import UTC, datetime, timedelta, timezone

import pytest
from oxios_gateway import ErrorKind, Incoming, Outgoing, ReplyMeta, UserFacingError
from pydantic import ValidationError


def test_what_is_absent_is_left_out_of_the_json() -> None:
    meta = ReplyMeta(phase="chat", evaluation_passed=False)

    assert meta.model_dump(mode="json") == {"phase": "chat", "evaluation_passed": False}
    assert meta.model_dump_json() == '{"phase":"chat","evaluation_passed":false}'


def test_an_error_kind_is_written_in_pascal_case() -> None:
    error = UserFacingError(message="no", kind=ErrorKind.PROVIDER_ERROR)

    assert error.model_dump_json() == '{"message":"no","kind":"ProviderError"}'


def test_a_message_survives_its_json() -> None:
    message = Outgoing(
        channel="web",
        user_id="김",
        content="다 됐어요 🎉",
        metadata={"chat_id": "7"},
        meta=ReplyMeta(
            phase="execute",
            questions=("Which folder?",),
            verdicts=({"criterion": "a file exists", "status": "verified", "evidence": "12 bytes"},),
            usage={"input_tokens": 3, "cost_usd": "0.0001"},
            error=UserFacingError(message="m", kind=ErrorKind.TIMEOUT, suggestion="s"),
        ),
    )

    assert Outgoing.model_validate_json(message.model_dump_json()) == message


def test_a_time_from_elsewhere_becomes_utc_and_ends_in_z() -> None:
    seoul = datetime(2026, 1, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))

    message = Incoming(channel="web", user_id="u", content="c", timestamp=seoul)

    assert message.timestamp == datetime(2026, 1, 1, tzinfo=UTC)
    assert '"2026-01-01T00:00:00Z"' in message.model_dump_json()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Incoming(channel="web", user_id="u", content="c", timestamp=datetime(2026, 1, 1))


def test_two_messages_never_share_an_id() -> None:
    one, two = (Incoming(channel="web", user_id="u", content="c") for _ in range(2))

    assert one.id != two.id
