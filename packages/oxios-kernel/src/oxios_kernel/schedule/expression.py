"""Turns a cron expression and a time zone into slots: the moments, in UTC, at which a job is due.

croniter matches the expression against times on the wall, as if no clock was ever changed; which moments those are is
decided here, by the rule of vixie-cron for daylight saving time. Used by `cron`, and by doors for previews.

Source: Paul Vixie, cron 3.0 and ISC cron 4.1 (as in cronie and Debian), cron(8) and cron.c, "wildcard" and
"non-wildcard" jobs. An expression whose second, minute or hour begins with `*` follows the wall: it has no slot in an
hour that is left out, and slots in both passes of an hour that comes twice. Any other has one slot for a time on the
wall: at the first moment after an hour that is left out, and in the first pass of one that comes twice. Unlike there it
does not matter how far the clock is moved.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise, takewhile
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped]  # it has no types

from oxios_kernel.domain.nearest import nearest
from oxios_kernel.errors import InputError
from oxios_kernel.schedule.expression_fields import fields_of

__all__ = ["Timetable"]

SECOND = timedelta(seconds=1)

LONGEST_ZONE = 64
"""Characters of a name that are compared and repeated; the longest zone has 32."""


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """When something is due.

    Attributes:
        text: the expression, its forms like `@daily` replaced by fields.
        zone: the time zone on the wall.
        follows_wall: whether it is due as often as its time is on the wall, see above.
    """

    text: str
    zone: tzinfo
    follows_wall: bool

    @classmethod
    def parse(cls, expression: str, zone: str = "UTC") -> Self:
        """Read an expression: 5 fields, 6 with seconds before them, 7 with years behind these, or `@daily`.

        Raises:
            InputError: a field cannot be read (it is named, with an example), or there is no such time zone (the
                nearest name is).
        """
        fields = fields_of(expression)
        clock = fields[:2] if len(fields) == 5 else fields[:3]
        follows_wall = any(field.startswith("*") for field in clock)
        return cls(text=" ".join(fields), zone=_zone(zone), follows_wall=follows_wall)

    def slots(self, after: datetime) -> Iterator[datetime]:
        """Yield the slots after a moment in their order, up to the year 2099."""
        latest = after
        for moment in self._moments(after):
            if moment > latest:
                latest = moment
                yield moment

    def next(self, after: datetime) -> datetime | None:
        """Return the first slot after a moment, `None` when there is none any more."""
        return next(self.slots(after), None)

    def latest(self, after: datetime, until: datetime, count: int) -> list[datetime]:
        """Return the last slots in a span of time, oldest first.

        It looks back from the end, so a long span costs no more than a short one.

        Args:
            after: the beginning, left out.
            until: the end, included.
            count: at most so many.
        """
        span = timedelta(minutes=1)
        while True:
            begin = max(after, until - span)
            found = list(takewhile(lambda slot: slot <= until, self.slots(begin)))
            if begin == after or len(found) >= count:
                return found[-count:]
            span *= 4

    def closest(self, after: datetime, count: int) -> timedelta | None:
        """Return the shortest time between some slots that follow a moment, `None` when there are not two."""
        slots = list(islice(self.slots(after), count))
        return min((late - early for early, late in pairwise(slots)), default=None)

    def _on_wall(self, after: datetime) -> Iterator[datetime]:
        """Yield the times on the wall, without a zone, that may be moments after this one."""
        local = after.astimezone(self.zone)
        begin = local.replace(tzinfo=None, microsecond=0, fold=0)
        if local.fold == 0:
            begin -= max(timedelta(0), _offset(local) - _offset(local.replace(fold=1)))
        matches = croniter(self.text, begin, ret_type=datetime, second_at_beginning=True)
        while True:
            try:
                match: datetime = matches.get_next()
            except CroniterBadDateError:
                return
            yield match

    def _moments(self, after: datetime) -> Iterator[datetime]:
        """Yield the moments of the times on the wall in order: a second pass comes after the whole of the first."""
        second_pass = deque[datetime]()
        for local in self._on_wall(after):
            first, second = self._passes(local)
            while first and second_pass and second_pass[0] < first:
                yield second_pass.popleft()
            if first:
                yield first
            if second:
                second_pass.append(second)
        yield from second_pass

    def _passes(self, local: datetime) -> tuple[datetime | None, datetime | None]:
        """Return when it is this time on the wall: once or, for what follows the wall, never or twice."""
        early = local.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        late = local.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        if early > late:
            return (None if self.follows_wall else self._change(late, early)), None
        return early, late if late > early and self.follows_wall else None

    def _change(self, before: datetime, after: datetime) -> datetime:
        """Return the first moment, to the second, at which the clock is changed between two moments."""
        offset = _offset(before.astimezone(self.zone))
        while after - before > SECOND:
            middle = before + (after - before) // 2 // SECOND * SECOND
            if _offset(middle.astimezone(self.zone)) == offset:
                before = middle
            else:
                after = middle
        return after


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta(0)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        name = name[:LONGEST_ZONE]
        close = nearest(name, available_timezones())
        guess = f" Did you mean {close!r}?" if close else ""
        raise InputError(
            f"`zone` is to be a time zone of the IANA database, but came {name!r}.{guess}",
            hint="Give one such as `Europe/Berlin` or `UTC`.",
        ) from None
