"""The database -> plain rows, by SQL that both engines speak. No ORM, no planner, no services.

Conditions are put together from literals of this module; every value is a parameter.
"""

# ruff: noqa: S608

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

from scheduling import guard
from scheduling.audit.extensions import with_added
from scheduling.audit.rows import (
    Absence,
    Busy,
    Claim,
    Closure,
    Credential,
    Hold,
    Opening,
    Outage,
    Person,
    Phase,
    Room,
    Rows,
    Series,
    Shift,
    Site,
    Visit,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def read(
    *, sites: Iterable[int] | None, start: datetime | None, end: datetime | None, now: datetime
) -> Rows:
    """What the judge needs for visits and holds of `sites` that overlap [start, end).

    Every query runs in the caller's transaction, so that an edit can be judged before it commits.
    """
    at = None if sites is None else sorted(sites)
    visits, scope = _visits(at, start, end)
    phases = defaultdict(list)
    for row in _phases(at, start, end):
        phases[row.visit].append(row)
    series, definitions = _courses(visits)
    return Rows(
        now=_minute(now)[0],
        guard=guard.is_on(connection),
        visits=visits,
        phases=phases,
        claims=_claims(at, start, end),
        holds={
            row[0]: Hold(row[0], row[1], _minute(row[2])[0])
            for row in _rows("SELECT id, site_id, expires_at FROM scheduling_hold")
        },
        series=series,
        definitions=definitions,
        **_facts(),
        overrides=_overrides() | _known_losses(visits),
        scope=frozenset(scope),
        complete=at is None and start is None and end is None,
    )


def _visits(
    at: list[int] | None, start: datetime | None, end: datetime | None
) -> tuple[dict[int, Visit], set[int]]:
    """Visits in scope, and the others of their series."""
    where, values = _scope("a.site_id", "a.starts_at", "a.ends_at", at, start, end)
    columns = (
        "SELECT a.id, a.series_id, a.patient_id, p.acuity, a.site_id, a.protocol_version_id, "
        "a.step, a.status, a.starts_at, a.ends_at FROM scheduling_appointment a "
        "JOIN clinic_patient p ON p.resource_id = a.patient_id "
    )
    visits = {row[0]: _visit(row) for row in _rows(f"{columns} WHERE {where}", values)}
    scope = set(visits)
    if where != _ALL:
        siblings = (
            f"{columns} WHERE a.series_id IN "
            f"(SELECT a.series_id FROM scheduling_appointment a WHERE {where})"
        )
        visits |= {row[0]: _visit(row) for row in _rows(siblings, values)}
    return visits, scope


def _visit(row: Sequence[Any]) -> Visit:
    (begin, whole), (finish, also_whole) = _minute(row[8]), _minute(row[9])
    id, series, patient, acuity, site, version, step, status = row[:8]
    exact = whole and also_whole
    return Visit(id, series, patient, acuity, site, version, step, status, begin, finish, exact)


def _phases(at: list[int] | None, start: datetime | None, end: datetime | None) -> Iterator[Phase]:
    where, values = _scope("a.site_id", "a.starts_at", "a.ends_at", at, start, end)
    for row in _rows(
        "SELECT p.appointment_id, p.name, p.starts_at, p.ends_at "
        "FROM scheduling_appointmentphase p "
        f"JOIN scheduling_appointment a ON a.id = p.appointment_id WHERE {where} "
        "ORDER BY p.appointment_id, p.position",
        values,
    ):
        (begin, whole), (finish, also_whole) = _minute(row[2]), _minute(row[3])
        yield Phase(row[0], row[1], begin, finish, whole and also_whole)


def _claims(at: list[int] | None, start: datetime | None, end: datetime | None) -> list[Claim]:
    """Claims of the sites and, wherever they are, of the sites' people; a day around the range."""
    where, values = [_ALL], []
    if at is not None:
        marks = _marks(at)
        where.append(
            f"(a.site_id IN ({marks}) OR h.site_id IN ({marks}) OR c.resource_id IN "
            f"(SELECT staff_id FROM clinic_staff_sites WHERE site_id IN ({marks})))"
        )
        values += [*at, *at, *at]
    if start is not None:
        where.append("c.end_minute > %s")
        values.append(_minute(start)[0] - 1440)
    if end is not None:
        where.append("c.start_minute < %s")
        values.append(_minute(end)[0] + 1440)
    return [
        Claim(*row)
        for row in _rows(
            "SELECT c.id, c.resource_id, c.lane, c.start_minute, c.end_minute, c.role, "
            "c.turnover_minutes, c.appointment_id, c.hold_id FROM scheduling_claim c "
            "LEFT JOIN scheduling_appointment a ON a.id = c.appointment_id "
            "LEFT JOIN scheduling_hold h ON h.id = c.hold_id "
            f"WHERE {' AND '.join(where)} ORDER BY c.resource_id, c.lane, c.start_minute, c.id",
            values,
        )
    ]


def _courses(visits: dict[int, Visit]) -> tuple[dict[int, Series], dict[int, Any]]:
    wanted = {visit.series for visit in visits.values()}
    series = {
        row[0]: Series(row[0], row[1], row[2], json.loads(row[3]))
        for row in _rows(
            "SELECT id, protocol_version_id, therapist_id, completed FROM scheduling_series"
        )
        if row[0] in wanted
    }
    versions = {visit.version for visit in visits.values()} | {s.version for s in series.values()}
    steps: dict[int, set[str]] = defaultdict(set)
    for visit in visits.values():
        steps[visit.version].add(visit.step)
    definitions = {
        id: with_added(json.loads(definition), steps[id])
        for id, definition in _rows("SELECT id, definition FROM scheduling_protocolversion")
        if id in versions
    }
    return series, definitions


def _facts() -> dict[str, Any]:
    works = defaultdict(set)
    for person, site in _rows("SELECT staff_id, site_id FROM clinic_staff_sites"):
        works[person].add(site)
    travel = {}
    for one, other, minutes in _rows("SELECT site_id, other_id, minutes FROM clinic_travel"):
        travel[one, other] = travel[other, one] = minutes
    return {
        "rooms": {
            id: Room(id, at, name, frozenset(json.loads(able)), chairs, turnover, bool(active))
            for id, at, name, able, chairs, turnover, active in _rows(
                "SELECT resource_id, site_id, name, capabilities, chairs, turnover_minutes, active "
                "FROM clinic_room"
            )
        },
        "people": {
            row[0]: Person(
                row[0],
                f"{row[1]} {row[2]}",
                frozenset(json.loads(row[3])),
                frozenset(json.loads(row[4])),
                row[5],
                bool(row[6]),
                frozenset(works[row[0]]),
            )
            for row in _rows(
                "SELECT resource_id, given_name, family_name, roles, skills, max_patients, active "
                "FROM clinic_staff"
            )
        },
        "patients": frozenset(row[0] for row in _rows("SELECT resource_id FROM clinic_patient")),
        "sites": {
            id: Site(id, name, zone, country, part, lanes, bool(holidays), json.loads(required))
            for id, name, zone, country, part, lanes, holidays, required in _rows(
                "SELECT s.id, s.name, s.time_zone, s.country, s.subdivision, s.nurse_lanes, "
                "s.keeps_public_holidays, o.required_credentials FROM clinic_site s "
                "JOIN clinic_organisation o ON o.id = s.organisation_id"
            )
        },
        "openings": [
            Opening(row[0], row[1], _time(row[2]), _time(row[3]))
            for row in _rows("SELECT site_id, weekday, opens, closes FROM clinic_openinghours")
        ],
        "closures": [
            Closure(row[0], _date(row[1]), _date(row[2]), bool(row[3]))
            for row in _rows("SELECT site_id, first, last, opens_anyway FROM clinic_closure")
        ],
        "shifts": [*_weekly(), *_exceptions()],
        "absences": [
            Absence(row[0], _minute(row[1])[0], -(-_seconds(row[2]) // 60))
            for row in _rows("SELECT resource_id, starts_at, ends_at FROM clinic_absence")
        ],
        "busy": [
            Busy(row[0], _minute(row[1])[0], -(-_seconds(row[2]) // 60), row[3])
            for row in _rows(
                "SELECT staff_id, starts_at, ends_at, promised FROM scheduling_busytime"
            )
        ],
        "outages": [
            Outage(row[0], _minute(row[1])[0], -(-_seconds(row[2]) // 60))
            for row in _rows("SELECT site_id, starts_at, ends_at FROM clinic_outage")
        ],
        "credentials": [
            Credential(row[0], row[1], row[2] and _date(row[2]), _date(row[3]))
            for row in _rows("SELECT staff_id, kind, valid_from, expires_on FROM clinic_credential")
        ],
        "travel": travel,
    }


def _weekly() -> Iterator[Shift]:
    for row in _rows(
        "SELECT staff_id, site_id, starts, ends, weekday, break_starts, break_ends, "
        "effective_from, effective_to FROM clinic_weeklyhours"
    ):
        yield Shift(
            row[0],
            row[1],
            _time(row[2]),
            _time(row[3]),
            row[4],
            row[5] and _time(row[5]),
            row[6] and _time(row[6]),
            row[7] and _date(row[7]),
            row[8] and _date(row[8]),
        )


def _exceptions() -> Iterator[Shift]:
    for row in _rows(
        "SELECT staff_id, site_id, starts, ends, date, working FROM clinic_availabilityexception"
    ):
        yield Shift(
            row[0],
            row[1],
            _time(row[2]),
            _time(row[3]),
            day=_date(row[4]),
            working=bool(row[5]),
        )


def _overrides() -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for subject, after in _rows(
        "SELECT subject, after FROM clinic_journal WHERE action = 'override' ORDER BY id"
    ):
        kind, _, id = subject.partition(":")
        if kind == "appointment" and id.isdigit():
            rules = frozenset(json.loads(after).get("rules", ()))
            before = found.get(int(id))
            found[int(id)] = rules | before if rules and before else rules
    return found


def _known_losses(visits: Mapping[int, Visit]) -> dict[int, frozenset[str]]:
    """Patients in the chair for whom a recovery found nobody: people at the desk were told.

    Such a visit keeps its status, which says how far it is, and cannot be `uncovered` too.
    """
    rows = _rows(
        "SELECT stranded FROM scheduling_recovery WHERE absence_id IS NOT NULL "
        "OR outage_id IS NOT NULL OR status <> 'stale'"
    )
    lost = {item["appointment"] for (stranded,) in rows for item in json.loads(stranded)}
    return {id: frozenset() for id in lost & visits.keys() if visits[id].status in UNDER_WAY}


UNDER_WAY = frozenset({"arrived", "in_prep", "infusing", "in_session", "recovering"})
_ALL = "1 = 1"


def _scope(
    site: str,
    starts: str,
    ends: str,
    at: list[int] | None,
    start: datetime | None,
    end: datetime | None,
) -> tuple[str, list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    if at is not None:
        where.append(f"{site} IN ({_marks(at)})")
        values += at
    if start is not None:
        where.append(f"{ends} > %s")
        values.append(_stored(start))
    if end is not None:
        where.append(f"{starts} < %s")
        values.append(_stored(end))
    return " AND ".join(where) or _ALL, values


def _rows(sql: str, values: Sequence[Any] = ()) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(values))
        return cursor.fetchall()


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values)) or "NULL"


def _stored(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _moment(value: Any) -> datetime:
    """SQLite keeps moments as UTC text without an offset; PostgreSQL answers them aware."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _minute(value: Any) -> tuple[int, bool]:
    """Minutes since 1970, rounded down, and whether nothing was lost."""
    minutes, rest = divmod(_moment(value) - _EPOCH, _MINUTE)
    return minutes, not rest


def _seconds(value: Any) -> int:
    return -((_EPOCH - _moment(value)) // timedelta(seconds=1))


def _date(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _time(value: Any) -> time:
    return time.fromisoformat(value) if isinstance(value, str) else value
