"""What a setting may hold when a plain type does not say it, each with its words for an error."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, AnyHttpUrl, Field, TypeAdapter

__all__ = ["Expected", "JobTables", "ModelName", "ModelNames", "Texts", "WebAddresses"]


@dataclass(frozen=True)
class Expected:
    """What a key takes, in words for an error: "must be …"; where it is missing, `keys.py` derives them."""

    words: str


def _web_address(text: str) -> str:
    TypeAdapter(AnyHttpUrl).validate_python(text)
    return text


Texts = Annotated[tuple[str, ...], Field(strict=False), Expected("a list of texts")]
"""Not strict, because TOML has lists where the settings have tuples."""

ModelName = Annotated[str, Field(pattern=r"^$|^[^/\s]+/\S+$"), Expected("`provider/model`, or empty")]

ModelNames = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[^/\s]+/\S+$")], ...],
    Field(strict=False),
    Expected("a list of `provider/model`"),
]

JobTables = Annotated[
    dict[str, dict[str, Any]], Expected("a table for each job, `[cron.jobs.NAME]`, with `schedule`, `goal` and others")
]
"""What a job may hold is known where jobs are kept."""

WebAddresses = Annotated[
    dict[str, Annotated[str, AfterValidator(_web_address)]],
    Expected("a table from provider to a URL that begins with `http://` or `https://`"),
]
"""URLs are kept as they were written."""
