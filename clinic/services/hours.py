"""When people work: weekly hours with effective dates, and single days that differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from clinic.journal import changes
from clinic.models import AvailabilityException, Site, Staff, WeeklyHours
from clinic.services.facts import Pen, remove, save

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KEPT = (
    *("weekday", "starts", "ends", "break_starts", "break_ends"),
    *("effective_from", "effective_to"),
)
DAY = 24 * 60
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """Hours on a weekday (0 is Monday), in the site's clock; to or before `starts` is overnight."""

    weekday: int
    starts: time
    ends: time
    break_starts: time | None = None
    break_ends: time | None = None

    def __str__(self) -> str:
        rest = f", break {self.break_starts:%H:%M}-{self.break_ends:%H:%M}" if self.rests else ""
        return f"{WEEKDAYS[self.weekday]} {self.starts:%H:%M}-{self.ends:%H:%M}{rest}"

    @property
    def rests(self) -> bool:
        return self.break_starts is not None and self.break_ends is not None

    @property
    def span(self) -> tuple[int, int]:
        """Minutes of a week from Monday midnight."""
        return week_span(self.weekday, self.starts, self.ends)


def week_span(weekday: int, starts: time, ends: time) -> tuple[int, int]:
    """Minutes from Monday midnight; an end at or before the start is on the next day."""
    start, end = _minutes(starts), _minutes(ends)
    return weekday * DAY + start, weekday * DAY + (end if end > start else end + DAY)


def overlapping(spans: Iterable[tuple[int, int]]) -> bool:
    """Whether two spans of a week share a minute; one that runs over Sunday comes round again."""
    ordered = sorted(spans)
    ordered += [(start + WEEK, end + WEEK) for start, end in ordered[:1]]
    return any(end > after for (_, end), (after, _) in pairwise(ordered))


def write_weekly_hours(
    staff: Staff, site: Site, shifts: Sequence[Shift], since: date, pen: Pen
) -> list[WeeklyHours]:
    """Somebody's week at a site from a date on; what was said before is kept up to the day before.

    ValidationError for shifts that overlap, a break outside its shift, or a site not theirs.
    """
    _check(staff, site, shifts)
    pen.unchanged(staff)
    theirs = WeeklyHours.objects.filter(staff=staff, site=site)
    standing = theirs.filter(Q(effective_to=None) | Q(effective_to__gte=since))
    before = {"hours": [str(_shift(row)) for row in standing], "kept": _kept(standing)}
    standing.filter(effective_from__gte=since).delete()
    standing.update(effective_to=since - timedelta(days=1))
    rows = [
        WeeklyHours(
            staff=staff,
            site=site,
            weekday=shift.weekday,
            starts=shift.starts,
            ends=shift.ends,
            break_starts=shift.break_starts,
            break_ends=shift.break_ends,
            effective_from=since,
        )
        for shift in sorted(shifts)
    ]
    for row in rows:
        row.full_clean()
    made = WeeklyHours.objects.bulk_create(rows)
    after = {"hours": [str(_shift(row)) for row in made], "since": since.isoformat()}
    pen.note("changed", staff, site, before, after)
    return made


def put_back_weekly_hours(
    staff: Staff, site: Site, kept: Sequence[dict[str, Any]], since: date, pen: Pen
) -> None:
    """Somebody's week at a site as it was before `write_weekly_hours` from `since` on.

    `kept` is what that wrote in the journal.
    """
    pen.unchanged(staff)
    theirs = WeeklyHours.objects.filter(staff=staff, site=site)
    before = [str(_shift(row)) for row in theirs.filter(effective_from=since)]
    theirs.filter(effective_from__gte=since).delete()
    rows = [WeeklyHours(staff=staff, site=site, **_read(one)) for one in kept]
    cut = since - timedelta(days=1)
    for row in rows:
        if row.effective_from is None or row.effective_from < since:
            same = {name: getattr(row, name) for name in KEPT if name != "effective_to"}
            theirs.filter(**same, effective_to=cut).update(effective_to=row.effective_to)
        else:
            row.save()
    after = {"hours": [str(_shift(row)) for row in rows], "since": since.isoformat()}
    pen.note("changed", staff, site, {"hours": before}, after)


def write_exception(
    staff: Staff,
    site: Site,
    day: date,
    *,
    starts: time,
    ends: time,
    working: bool,
    note: str,
    pen: Pen,
) -> AvailabilityException:
    """One day that differs: more hours when `working`, else fewer. ValidationError by field."""
    _works_at(staff, site)
    row = AvailabilityException(staff=staff, site=site, date=day)
    facts = {"date": day, "starts": starts, "ends": ends, "working": working, "note": note}
    save(row, facts, pen, site=site)
    return row


def delete_exception(exception: AvailabilityException, pen: Pen) -> None:
    """The day is as any other again."""
    fields = ("staff_id", "date", "starts", "ends", "working", "note")
    remove(exception, pen, site=exception.site, fields=fields)


def _check(staff: Staff, site: Site, shifts: Sequence[Shift]) -> None:
    _works_at(staff, site)
    wrong = []
    for shift in shifts:
        if not 0 <= shift.weekday < len(WEEKDAYS):
            raise ValidationError({"shifts": f"{shift.weekday} is no weekday; Monday is 0."})
        if (shift.break_starts is None) != (shift.break_ends is None):
            wrong.append(f"{shift}: a break has a beginning and an end.")
        elif shift.rests and not _holds_its_break(shift):
            wrong.append(f"{shift}: the break is not within the shift.")
    if overlapping(shift.span for shift in shifts):
        wrong.append("Two shifts overlap.")
    if wrong:
        raise ValidationError({"shifts": wrong})


def _holds_its_break(shift: Shift) -> bool:
    start, end = shift.span
    assert shift.break_starts is not None
    assert shift.break_ends is not None
    rest_start, rest_end = week_span(shift.weekday, shift.break_starts, shift.break_ends)
    if rest_start < start:
        rest_start, rest_end = rest_start + DAY, rest_end + DAY
    return rest_end <= end


def _works_at(staff: Staff, site: Site) -> None:
    if not staff.sites.filter(pk=site.pk).exists():
        raise ValidationError({"site": f"{staff.name} does not work at {site.name}."})


def _shift(row: WeeklyHours) -> Shift:
    return Shift(row.weekday, row.starts, row.ends, row.break_starts, row.break_ends)


def _kept(rows: Iterable[WeeklyHours]) -> list[dict[str, Any]]:
    """Rows as the journal keeps them."""
    return [changes({}, {name: getattr(row, name) for name in KEPT})[1] for row in rows]


def _read(kept: dict[str, Any]) -> dict[str, Any]:
    field = WeeklyHours._meta.get_field
    return {name: field(name).to_python(value) for name, value in kept.items()}  # type: ignore[union-attr]


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute
