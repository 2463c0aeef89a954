"""What every value of the domain that is written down (journal, records, JSON output) has in common.

A fact is frozen, refuses unknown fields and turns into JSON and back without loss. Times are aware UTC datetimes,
rendered as RFC 3339 with `Z`.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, JsonValue

__all__ = ["Fact", "Json", "JsonObject", "Moment"]

Json = JsonValue
"""Any JSON value: object, array, string, number, boolean or null."""

JsonObject = dict[str, JsonValue]
"""A JSON object."""


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An aware datetime, kept in UTC."""


class Fact(BaseModel):
    """A frozen value with a JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")

    def to_json(self) -> JsonObject:
        """Return the JSON form; `from_json` of it is equal to this value."""
        document: JsonObject = self.model_dump(mode="json")
        return document

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """Return the value of a JSON form.

        Raises:
            pydantic.ValidationError: the document has another shape.
        """
        return cls.model_validate(document)
