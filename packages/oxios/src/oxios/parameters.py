"""Kinds of values that commands take, beyond click's own: text that can be kept, and a time that can be waited for.

A shell hands over any bytes and click takes `nan` for a number; both are refused here, before anything is begun.
"""

import math
import unicodedata
from typing import Any

import click

__all__ = ["LABEL", "SECONDS", "TEXT"]


class _Text(click.ParamType[str]):
    name = "text"

    def __init__(self, unfit: frozenset[str]) -> None:
        self._unfit = unfit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if any(unicodedata.category(character) in self._unfit for character in text):
            self.fail(f"{text[:80]!r} is not plain text in UTF-8.", param, ctx)
        return text


class _Seconds(click.FloatRange):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail("nan is not a number of seconds.", param, ctx)
        return seconds


LABEL = _Text(frozenset({"Cs", "Cc"}))
"""A name: one line of text, without control characters."""

TEXT = _Text(frozenset({"Cs"}))
"""Any text that UTF-8 can write; bytes that are none come from a shell as surrogates."""

SECONDS = _Seconds(min=0)
"""A time from 0 on; `inf` is for ever."""
