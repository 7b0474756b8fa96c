"""A clinic whose numbers can be counted by hand: two chairs, two nurses, six visits in three days.

It is Wednesday 9 December 2026, noon. Juniper House is open from 08:00 to 18:00.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.db import connection

from clinic.models import Room, Site, Staff
from clinic.spans import minute
from scheduling.models import (
    Appointment,
    Claim,
    FollowUp,
    ProtocolVersion,
    Series,
    StatusChange,
)
from scheduling.selectors.reports import Query
from tests.cast import MONDAY, at, nurse, patient, protocol, room, site, therapist

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
NOON = at(WEDNESDAY, "12:00")


def clinic() -> SimpleNamespace:
    """What happened, in `of`: Ada stayed longer, Ben did not come, Cleo cancelled late, Dora in
    time, Eli and Fay are still to come."""
    house = site()
    bay = room("Bay", house, chairs=2)
    ines, noor = nurse("Ines", house), nurse("Noor", house)
    theo = therapist("Theo", house)
    version = protocol("depression-induction")
    made = SimpleNamespace(
        site=house, bay=bay, ines=ines, noor=noor, theo=theo, version=version, of={}
    )
    made.of["Ada"] = visit(
        made, "Ada", MONDAY, "09:00", 120, lanes=2, status="discharged", booked=MONDAY_BEFORE
    )
    stood(made.of["Ada"], arrived="08:50", in_prep="09:05", infusing="09:20", discharged="11:35")
    made.of["Ben"] = visit(made, "Ben", TUESDAY, "09:00", 60, status="no_show")
    made.of["Cleo"] = visit(made, "Cleo", TUESDAY, "10:00", 60, status="cancelled", late=True)
    made.of["Dora"] = visit(made, "Dora", WEDNESDAY, "10:00", 60, status="cancelled")
    made.of["Eli"] = visit(made, "Eli", WEDNESDAY, "13:00", 60)
    made.of["Fay"] = visit(made, "Fay", WEDNESDAY, "13:10", 60, by=noor, lane=1)
    return made


MONDAY_BEFORE = at(MONDAY - timedelta(days=7), "09:00")
YESTERDAY_LONG_AGO = at(MONDAY - timedelta(days=20), "09:00")


def visit(
    made: SimpleNamespace,
    name: str,
    day: date,
    clock: str,
    minutes: int,
    *,
    step: str = "inf1",
    lanes: int = 1,
    lane: int = 0,
    by: Staff | None = None,
    status: str = "booked",
    late: bool = False,
    booked: datetime = YESTERDAY_LONG_AGO,
    series: Series | None = None,
) -> Appointment:
    """A visit with what it holds: a chair and its turnover, and lanes of a nurse."""
    starts = at(day, clock)
    who = series.patient if series else patient(name)
    row = Appointment.objects.create(
        series=series,
        patient=who,
        site=made.site,
        protocol_version=made.version,
        step=step,
        status=status,
        starts_at=starts,
        ends_at=starts + timedelta(minutes=minutes),
        late_cancel=late,
        created_at=booked,
        updated_at=booked + timedelta(days=6) if status == "cancelled" else booked,
    )
    if status not in ("no_show", "cancelled"):
        begin = minute(starts)
        claim(row, made.bay, begin, begin + minutes + 10, "room", [lane], turnover=10)
        claim(row, by or made.ines, begin, begin + minutes, "monitoring_nurse", range(lanes))
    return row


def claim(
    row: Appointment,
    what: Room | Staff,
    start: int,
    end: int,
    role: str,
    lanes: Iterable[int],
    *,
    turnover: int = 0,
) -> None:
    for lane in lanes:
        Claim.objects.create(
            resource_id=what.pk,
            lane=lane,
            start_minute=start,
            end_minute=end,
            role=role,
            turnover_minutes=turnover,
            appointment=row,
        )


def stood(row: Appointment, **clocks: str) -> None:
    """The steps of a visit, on its own day; and one that was taken back, which does not count."""
    day = row.starts_at.astimezone(row.site.zone).date()
    for to, clock in clocks.items():
        StatusChange.objects.create(appointment=row, to=to, at=at(day, clock), by="Ines")
    StatusChange.objects.create(
        appointment=row, to="discharged", at=at(day, "17:00"), by="Ines", taken_back=True
    )


def course(
    where: Site, version: ProtocolVersion, name: str, d0: date, *, status: str = "active"
) -> Series:
    return Series.objects.create(
        patient=patient(name),
        protocol_version=version,
        site=where,
        status=status,
        d0=d0,
        created_at=YESTERDAY_LONG_AGO,
        updated_at=YESTERDAY_LONG_AGO,
    )


def due(series: Series, key: str, kind: str, day: date, **facts: Any) -> FollowUp:
    """A follow-up with a window of a day on either side."""
    return FollowUp.objects.create(
        patient=series.patient,
        site=series.site,
        series=series,
        protocol_version=series.protocol_version,
        key=key,
        kind=kind,
        name=key,
        opens_on=day - timedelta(days=1),
        due_on=day,
        closes_on=day + timedelta(days=1),
        created_at=NOON,
        updated_at=NOON,
        **facts,
    )


def answer(query: Query, **asked: Any) -> list[tuple[Any, ...]]:
    """The rows that the query gives when it is run as it is shown."""
    return run(query.written(**asked))


def run(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
