"""The four kinds of check a criterion can carry, and how what was seen is judged.

A check is data; it touches nothing. A host looks at the world (runs the command, reads the bytes) and hands
what it saw to the check's `judge`, which answers with an `Observation`. So the rules are one place for
every host, and a host supplies nothing but bytes. Whether a path or a command is allowed is the host's
business, not known here. A judged check has no such rule: a reviewer model decides it on evidence
(`review`).
"""

import re
from collections.abc import Callable
from json import JSONDecodeError, loads
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from oxios_ouroboros.errors import ReplyUnreadable
from oxios_ouroboros.extract import extract_json
from oxios_ouroboros.text import shorten

__all__ = [
    "Check",
    "CommandCheck",
    "FileCheck",
    "JudgedCheck",
    "Observation",
    "SchemaCheck",
    "ValidateSchema",
]

_EVIDENCE_CHARACTERS = 600
"""The most characters of a command's output that an observation quotes."""

_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*[*+](?:[^()\\]|\\.)*\)[*+{]")
"""A repeated group that repeats inside, `(a+)+`: the classic pattern whose search time is exponential."""

ValidateSchema = Callable[[dict[str, Any], Any], str | None]
"""JSON Schema and value in; the first violation in words out, or None. A host brings its own validator."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Observation(_Frozen):
    """What a host saw when it ran a check.

    Attributes:
        passed: Whether the check held; None when it could not be examined at all.
        evidence: What was seen, in a sentence a person can follow.
    """

    passed: bool | None
    evidence: str


class CommandCheck(_Frozen):
    """A command that must end with an exit code and, if asked, print certain texts.

    Attributes:
        command: The shell command line.
        exit_code: The exit status that counts as success.
        stdout_contains: Texts that standard output must contain, each exactly as written.
        timeout_seconds: Seconds the command may take, above 0 and at most 600.
    """

    kind: Literal["command"] = "command"
    command: str = Field(min_length=1)
    exit_code: int = 0
    stdout_contains: tuple[str, ...] = ()
    timeout_seconds: float = Field(default=60, gt=0, le=600, allow_inf_nan=False)

    def judge(self, exit_code: int | None, stdout: str, stderr: str = "") -> Observation:
        """Judge a finished command.

        Args:
            exit_code: Its exit status; None when it was stopped at the time limit.
            stdout: Its standard output, decoded.
            stderr: Its standard error, decoded; only quoted as evidence.
        """
        if exit_code is None:
            return Observation(passed=False, evidence=f"`{self.command}` did not end within {self.timeout_seconds:g} s")
        complaints = [f"its output lacks {text!r}" for text in self.stdout_contains if text not in stdout]
        if exit_code != self.exit_code:
            complaints.insert(0, f"expected exit code {self.exit_code}")
        seen = shorten((stdout + stderr).strip(), _EVIDENCE_CHARACTERS)
        ended = f"`{self.command}` ended with exit code {exit_code}"
        return _observe(ended, complaints, f"; it printed: {seen}" if seen else "; it printed nothing")


class FileCheck(_Frozen):
    """A file that must be there, or must not, with a certain content.

    Attributes:
        path: The file's path as the worker would write it.
        exists: False asks that there is no such file; the other conditions must then be absent.
        contains: Texts the file must contain, each exactly as written.
        matches: A regular expression to be found in the text; `^` and `$` match at each line;
            at most 500 characters, without a repeat inside a repeated group.
        min_bytes: The smallest size allowed, in bytes.
        max_bytes: The largest size allowed, in bytes.
        equals: The whole text; one newline at the end makes no difference.
    """

    kind: Literal["file"] = "file"
    path: str = Field(min_length=1)
    exists: bool = True
    contains: tuple[str, ...] = ()
    matches: str | None = Field(default=None, max_length=500)
    min_bytes: int | None = Field(default=None, ge=0)
    max_bytes: int | None = Field(default=None, ge=0)
    equals: str | None = None

    @field_validator("matches")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"expected a regular expression, got {pattern!r}: {error}") from error
        if _NESTED_REPEAT.search(pattern):
            raise ValueError(f"expected no repeat inside a repeated group, got {pattern!r}; use a simpler pattern")
        return pattern

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        about_content = self.contains or self.matches is not None or self.equals is not None
        about_size = self.min_bytes is not None or self.max_bytes is not None
        if not self.exists and (about_content or about_size):
            raise ValueError("expected no condition on the content of a file that must not exist; remove it")
        return self

    def judge(self, content: bytes | None, size: int | None = None) -> Observation:
        """Judge a file.

        Args:
            content: Its bytes, or their beginning when the file is too big to read; None when there is no
                such file.
            size: Its size in bytes; by default the length of `content`.

        Returns:
            An observation; `passed` is None when only the beginning was read and that does not settle it.
        """
        if content is None or not self.exists:
            there = content is not None
            evidence = f"{self.path} exists" if there else f"{self.path} does not exist"
            return Observation(passed=there == self.exists, evidence=evidence)
        size = len(content) if size is None else size
        seen = f"{self.path} has {size} bytes"
        complaints = self._size_complaints(size)
        if complaints or not (self.contains or self.matches is not None or self.equals is not None):
            return _observe(seen, complaints)
        partial = size > len(content)
        text = _decoded(content, partial=partial)
        if text is None:
            return Observation(passed=False, evidence=f"{seen} and is not UTF-8 text")
        complaints = self._text_complaints(text)
        if partial and (complaints or self.equals is not None):
            return Observation(passed=None, evidence=f"{seen}, of which only {len(content)} were examined")
        return _observe(seen, complaints)

    def _size_complaints(self, size: int) -> list[str]:
        complaints = []
        if self.min_bytes is not None and size < self.min_bytes:
            complaints.append(f"expected at least {self.min_bytes}")
        if self.max_bytes is not None and size > self.max_bytes:
            complaints.append(f"expected at most {self.max_bytes}")
        return complaints

    def _text_complaints(self, text: str) -> list[str]:
        complaints = [f"it lacks {wanted!r}" for wanted in self.contains if wanted not in text]
        if self.matches is not None and not re.search(self.matches, text, re.MULTILINE):
            complaints.append(f"nothing in it matches {self.matches!r}")
        if self.equals is not None and text.removesuffix("\n") != self.equals.removesuffix("\n"):
            begins = shorten(text, _EVIDENCE_CHARACTERS)
            complaints.append(f"expected exactly {self.equals!r}, it is {begins!r}")
        return complaints


class SchemaCheck(_Frozen):
    """A JSON document that must satisfy a JSON Schema.

    Attributes:
        json_schema: The schema, a JSON object.
        path: The file that holds the document; None for the worker's answer itself.
    """

    kind: Literal["schema"] = "schema"
    json_schema: dict[str, Any]
    path: str | None = Field(default=None, min_length=1)

    def judge(self, text: str | None, validate: ValidateSchema) -> Observation:
        """Judge a document.

        Args:
            text: The document; None when the file does not exist. An answer may have a fence or prose
                around its JSON.
            validate: The host's JSON Schema validator.
        """
        name = self.path or "the answer"
        if text is None:
            return Observation(passed=False, evidence=f"{name} does not exist")
        try:
            value = extract_json(text)[0] if self.path is None else loads(text)
        except (JSONDecodeError, ReplyUnreadable, RecursionError) as error:
            return Observation(passed=False, evidence=f"{name} is not JSON: {error}")
        violation = validate(self.json_schema, value)
        return _observe(f"{name} is JSON", [] if violation is None else [violation])


class JudgedCheck(_Frozen):
    """A statement that a reviewer model judges, for what no command or file can show.

    Attributes:
        statement: What must be true.
        subject: `"work"`: something done, which only observations and tool records can prove. `"answer"`: a
            quality of the answer's own text (an explanation, a poem), which the text itself shows.
    """

    kind: Literal["judged"] = "judged"
    statement: str = Field(min_length=1)
    subject: Literal["work", "answer"] = "work"


Check = Annotated[CommandCheck | FileCheck | SchemaCheck | JudgedCheck, Field(discriminator="kind")]
"""Any check; in JSON the key `kind` says which."""


def _observe(seen: str, complaints: list[str], detail: str = "") -> Observation:
    verdict = f": {'; '.join(complaints)}" if complaints else ""
    return Observation(passed=not complaints, evidence=f"{seen}{verdict}{detail}")


def _decoded(content: bytes, *, partial: bool) -> str | None:
    """Decode UTF-8; a beginning may end inside a character, which is then left off."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if partial and error.start >= len(content) - 3 and error.reason == "unexpected end of data":
            return content[: error.start].decode()
        return None
