"""Calendars kept elsewhere: taken in, brought up to date, taken out. Their busy times block.

What a calendar says is a fact about its owner like any absence, with one difference: it does not
ask. A visit that is booked already stays and is shown; nothing new is booked there. So each stretch
keeps what had been promised when it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Max

from clinic import journal
from clinic.journal import Actor
from clinic.models import Staff
from clinic.sealing import CannotOpen, seal, unseal
from clinic.spans import Span, intersect, merge, minute, minute_up, moment, subtract
from clinic.transactions import durable
from scheduling import daybook
from scheduling.models import BusyTime, Claim, ExternalCalendar
from scheduling.services.keeping import sites_of

AGAIN = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=6)
LEASE = timedelta(minutes=5)
MOST_EACH = 10
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a calendar: half-open times in [first, last), and what to ask with next."""

    times: Sequence[tuple[datetime, datetime]]
    unread: int
    first: datetime
    last: datetime
    etag: str = ""
    last_modified: str = ""


@durable
def add_calendar(
    *,
    staff: int,
    label: str,
    address: str,
    host: str,
    reading: Reading,
    actor: Actor,
    now: datetime,
) -> ExternalCalendar:
    """Take a calendar in; without an address it was a file, which is not read again.

    django's ValidationError for an address that this person has added before, or one too many.
    """
    person = Staff.objects.select_for_update(no_key=True).get(pk=staff)
    theirs = list(person.external_calendars.all())
    if len(theirs) >= MOST_EACH:
        raise ValidationError(
            {"address": f"You have {MOST_EACH} calendars here. Remove one before you add another."}
        )
    if address and address in (address_of(one) for one in theirs):
        raise ValidationError({"address": "You have added this address already."})
    row = ExternalCalendar(
        staff=person,
        label=label,
        sealed_address=seal(address) if address else "",
        host=host,
        added_at=now,
    )
    _note_good(row, reading, now)
    row.full_clean()
    row.save()
    _bring_in_line(row, reading)
    _tell("calendar.added", row, actor, now)
    return row


@durable
def keep_reading(
    *, calendar: int, reading: Reading, actor: Actor, now: datetime
) -> ExternalCalendar:
    """What a calendar says now; its old busy times give way. ExternalCalendar.DoesNotExist."""
    row = _in_hand(calendar)
    _note_good(row, reading, now)
    row.save()
    if _bring_in_line(row, reading):
        _tell("calendar.changed", row, actor, now)
    return row


@durable
def keep_unchanged(*, calendar: int, now: datetime) -> ExternalCalendar:
    """The address says that nothing changed. ExternalCalendar.DoesNotExist."""
    row = _in_hand(calendar)
    row.last_read_at = row.last_good_at = now
    row.next_read_at = now + AGAIN
    row.failures, row.problem = 0, ""
    row.save()
    return row


@durable
def keep_problem(*, calendar: int, problem: str, now: datetime) -> ExternalCalendar:
    """Nothing was had from it: what was read before stands, and it is asked less and less often.

    ExternalCalendar.DoesNotExist.
    """
    row = _in_hand(calendar)
    row.failures += 1
    row.last_read_at, row.problem = now, problem[:300]
    row.next_read_at = now + min(AGAIN * 2 ** min(row.failures, 6), LONGEST_PAUSE)
    row.save()
    return row


@durable
def take_due(*, now: datetime) -> list[int]:
    """Calendars whose time to be read has come, each given to one caller for some minutes."""
    due = ExternalCalendar.objects.filter(next_read_at__lte=now, staff__active=True)
    ids = list(
        due.order_by("next_read_at")
        .select_for_update(of=("self",), skip_locked=True)
        .values_list("pk", flat=True)[:AT_ONCE]
    )
    ExternalCalendar.objects.filter(pk__in=ids).update(next_read_at=now + LEASE)
    return ids


@durable
def remove_calendar(*, calendar: int, actor: Actor, now: datetime) -> None:
    """Its busy times are gone with it. ExternalCalendar.DoesNotExist."""
    row = _in_hand(calendar)
    _close_sites(row)
    _tell("calendar.removed", row, actor, now)
    row.delete()


def address_of(calendar: ExternalCalendar) -> str:
    """The address in clear, for whoever asks it; empty for a file, and for one sealed too long ago.

    It is a key to somebody's calendar: it is not shown, logged or journaled.
    """
    try:
        return unseal(calendar.sealed_address) if calendar.sealed_address else ""
    except CannotOpen:
        return ""


def _in_hand(calendar: int) -> ExternalCalendar:
    return ExternalCalendar.objects.select_for_update(of=("self",)).get(pk=calendar)


def _note_good(row: ExternalCalendar, reading: Reading, now: datetime) -> None:
    row.last_read_at = row.last_good_at = now
    row.next_read_at = now + AGAIN if row.sealed_address else None
    row.failures, row.problem = 0, ""
    row.etag, row.last_modified = reading.etag[:500], reading.last_modified[:100]
    row.unread, row.covers_to = reading.unread, reading.last


def _bring_in_line(row: ExternalCalendar, reading: Reading) -> bool:
    """Make the rows say what was read, nobody booking meanwhile; True when they did not.

    A row that stays, or shrinks, keeps what was promised when it came.
    """
    told = merge((minute(start), minute_up(end)) for start, end in reading.times)
    if merge(_spans(row.busy_times.all())) == told:
        return False
    _close_sites(row)
    known = list(row.busy_times.all())
    newest = Claim.objects.aggregate(newest=Max("pk"))["newest"] or 0
    made = [_row(row, part, newest) for part in subtract(told, _spans(known))]
    gone = []
    for one in known:
        [own] = _spans([one])
        if (left := intersect([own], told)) != [own]:
            gone.append(one.pk)
            made += [_row(row, part, one.promised) for part in left]
    BusyTime.objects.filter(pk__in=gone).delete()
    BusyTime.objects.bulk_create(made, batch_size=500)
    return True


def _spans(rows: Iterable[BusyTime]) -> list[Span]:
    return [(minute(row.starts_at), minute_up(row.ends_at)) for row in rows]


def _row(calendar: ExternalCalendar, part: Span, promised: int) -> BusyTime:
    return BusyTime(
        calendar=calendar,
        staff_id=calendar.staff_id,
        starts_at=moment(part[0]),
        ends_at=moment(part[1]),
        promised=promised,
    )


def _close_sites(row: ExternalCalendar) -> None:
    for site in sorted(sites_of(row.staff_id), key=lambda site: site.pk):
        daybook.close_site(site)


def _tell(action: str, row: ExternalCalendar, actor: Actor, now: datetime) -> None:
    """Neither its label nor its address: both may say more about somebody than a clinic needs."""
    journal.record(
        actor=actor,
        now=now,
        action=action,
        subject=f"calendar:{row.pk}",
        after={"of": f"resource:{row.staff_id}"},
    )
