"""Good faith estimates: one version follows another as a series changes, each due in time.

An estimate is of a series, or of one visit on its own. What makes the next version follow is in
`keeping_estimates`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from billing import good_faith
from billing.errors import MoneyRefused
from billing.good_faith import Due
from billing.models import Coverage, Estimate
from billing.selectors.expected import Expected, expected_of
from billing.selectors.workdays import days_off
from billing.services.ledger import open_account
from clinic.journal import Actor, record
from clinic.models import Patient, Site
from clinic.transactions import durable
from scheduling.models import Appointment, Series
from scheduling.models.series import GONE

SYSTEM = Actor(name="Chairtime", door="task")
State = Estimate.State
OPEN = (State.DUE, State.ISSUED, State.NOT_NEEDED)
TOLD = ("on", "what", "code", "units", "cents", "packaged")
INSURED = "Insured on the first day of care: not required unless the patient asks for one."
NOTHING_AHEAD = "Every visit it was for was cancelled."


@dataclass(frozen=True, slots=True)
class Care:
    """What an estimate is of: a series, or a visit without one, with the visits that still stand.

    `first` is the site date of the next visit that has not begun, None when there is none.
    """

    patient: Patient
    site: Site
    series: Series | None
    visit: Appointment | None
    visits: Sequence[Appointment]
    booked: date
    first: date | None

    @property
    def estimates(self) -> Any:
        return Estimate.objects.filter(series=self.series, appointment=self.visit)


@durable
def refresh_estimate(
    *, series: int | None = None, visit: int | None = None, now: datetime
) -> Estimate | None:
    """The next version for a series, or for a visit that has none, when one is called for.

    None when what is expected, and on which days, is as in the version there is. Idempotent.
    """
    care = _care(series, visit, now)
    open_account(care.patient)
    newest = _newest(care)
    if not care.visits or care.first is None:
        return _withdraw(newest, now) if newest and not care.visits else None
    expected = _expected(care)
    if newest and newest.rule != NOTHING_AHEAD and _same(newest, expected):
        return None
    due = _due(care, newest, expected, _date(now, care.site))
    return _write(care, newest, expected, due, asked=_is_asked(newest), actor=SYSTEM, now=now)


@durable
def ask_for_estimate(
    *, series: int | None = None, visit: int | None = None, actor: Actor, now: datetime
) -> Estimate:
    """The patient asks for one: it is due within three business days, whoever pays.

    MoneyRefused when nothing is ahead, or the one there is was issued and still holds.
    """
    care = _care(series, visit, now)
    open_account(care.patient)
    newest = _newest(care)
    if not care.visits or care.first is None:
        raise MoneyRefused("something_is_ahead", "No visit is ahead: book one, then ask again.")
    expected = _expected(care)
    if newest and newest.state == State.ISSUED and _same(newest, expected):
        raise MoneyRefused(
            "issued_already", "An estimate was issued and nothing has changed: print it again."
        )
    today = _date(now, care.site)
    asked = good_faith.due_when_asked(asked=today, holidays=days_off(care.site, today))
    if newest and newest.state == State.DUE and _same(newest, expected):
        rule, on = _earlier((newest.rule, newest.due_on), (asked.why, asked.due))
        newest.asked_for, newest.rule, newest.due_on = True, rule, on
        newest.save(update_fields=["asked_for", "rule", "due_on"])
        _journal("estimate.asked", newest, actor, now)
        return newest
    due = _due(care, newest, expected, today)
    rule, on = _earlier((due.why, due.due), (asked.why, asked.due))
    made = _write(care, newest, expected, Due("asked", on, rule), asked=True, actor=actor, now=now)
    _journal("estimate.asked", made, actor, now)
    return made


def bring_up_to_date(estimate: Estimate, *, now: datetime) -> None:
    """Price anew, by today's lists, what was not issued yet; within a transaction that is open."""
    care = _care(estimate.series_id, estimate.appointment_id, now)
    expected = _expected(care)
    if not _same(estimate, expected):
        estimate.lines, estimate.cents = list(expected.lines), expected.cents
        estimate.save(update_fields=["lines", "cents"])


def _care(series: int | None, visit: int | None, now: datetime) -> Care:
    """Series.DoesNotExist, Appointment.DoesNotExist; MoneyRefused for a visit of a series."""
    course = alone = None
    rows = Appointment.objects.select_related("protocol_version").prefetch_related("phases")
    if series is not None:
        course = Series.objects.select_related("patient", "site").get(pk=series)
        found = rows.filter(series=course)
    elif visit is not None:
        alone = Appointment.objects.select_related("patient", "site").get(pk=visit)
        if alone.series_id is not None:
            raise MoneyRefused("series_are_whole", "Ask for the estimate of the whole series.")
        found = rows.filter(pk=alone.pk)
    else:
        raise ValueError("An estimate is of a series or of a visit.")
    of: Any = course or alone
    visits = [one for one in found.order_by("starts_at", "pk") if one.status not in GONE]
    if course is not None and course.status == Series.State.CANCELLED:
        visits = []
    ahead = [_date(one.starts_at, of.site) for one in visits if one.starts_at > now]
    booked = _date(of.created_at, of.site)
    return Care(of.patient, of.site, course, alone, visits, booked, min(ahead, default=None))


def _newest(care: Care) -> Estimate | None:
    found: Estimate | None = care.estimates.filter(state__in=OPEN).order_by("version").last()
    return found


def _expected(care: Care) -> Expected:
    return expected_of(patient=care.patient, site=care.site, visits=care.visits, series=care.series)


def _same(estimate: Estimate, expected: Expected) -> bool:
    """The same on the same days for the same money. Another provider accepts it as their own
    (45 CFR 149.610(b)(1)(viii)).
    """

    def told(lines: Iterable[Any]) -> list[tuple[Any, ...]]:
        return sorted(tuple(one[field] for field in TOLD) for one in lines)

    return told(estimate.lines) == told(expected.lines)


def _due(care: Care, newest: Estimate | None, expected: Expected, today: date) -> Due:
    """When the next version is due, and why; of several rules the one that comes first."""
    if care.first is None:
        raise ValueError("An estimate is of care that is to come.")
    holidays = days_off(care.site, min(care.booked, today), care.first)
    if newest is None:
        booked = min(care.booked, care.first)
        due = good_faith.due_when_booked(booked=booked, care=care.first, holidays=holidays)
        return _unless_insured(care, due)
    again = good_faith.due_when_booked(booked=today, care=care.first, holidays=holidays)
    known = {line["on"] for line in newest.lines}
    moved = {line["on"] for line in expected.lines} - known or newest.rule == NOTHING_AHEAD
    rules = [again] if moved else []
    if newest.state == State.ISSUED or newest.document_id is not None:
        rules.append(good_faith.due_when_changed(changed=today, care=care.first, holidays=holidays))
    if newest.state == State.DUE and newest.due_on is not None:
        rules.append(Due("changed", newest.due_on, newest.rule))
    required = [rule for rule in rules if rule.due is not None]
    due = min(required, key=lambda rule: rule.due or date.max, default=again)
    return _unless_insured(care, due)


def _unless_insured(care: Care, due: Due) -> Due:
    insured = Coverage.objects.filter(
        Q(last=None) | Q(last__gte=care.first), patient=care.patient, first__lte=care.first
    )
    return Due(due.rule, None, INSURED) if insured.exists() else due


def _is_asked(newest: Estimate | None) -> bool:
    return newest is not None and newest.asked_for


def _earlier(*rules: tuple[str, date | None]) -> tuple[str, date | None]:
    return min(rules, key=lambda rule: rule[1] or date.max)


def _write(
    care: Care,
    newest: Estimate | None,
    expected: Expected,
    due: Due,
    *,
    asked: bool,
    actor: Actor,
    now: datetime,
) -> Estimate:
    """The next version; the one before it is superseded."""
    on = due.due
    if asked and on is None and newest is not None:
        on = newest.due_on or _date(now, care.site)
    if newest is not None:
        newest.state = State.SUPERSEDED
        newest.save(update_fields=["state"])
    made = Estimate.objects.create(
        patient=care.patient,
        site=care.site,
        series=care.series,
        appointment=care.visit,
        version=newest.version + 1 if newest else 1,
        state=State.DUE if on else State.NOT_NEEDED,
        rule=due.why[:200],
        asked_for=asked,
        due_on=on,
        lines=list(expected.lines),
        cents=expected.cents,
        made_at=now,
    )
    _journal("estimate.made", made, actor, now)
    return made


def _withdraw(newest: Estimate, now: datetime) -> Estimate | None:
    """Nothing is to come any more: what was due is not."""
    if newest.state != State.DUE:
        return None
    newest.state, newest.rule, newest.due_on = State.NOT_NEEDED, NOTHING_AHEAD, None
    newest.save(update_fields=["state", "rule", "due_on"])
    _journal("estimate.withdrawn", newest, SYSTEM, now)
    return newest


def _journal(action: str, estimate: Estimate, actor: Actor, now: datetime) -> None:
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"estimate:{estimate.pk}",
        site=estimate.site_id,
        after={
            "version": estimate.version,
            "state": estimate.state,
            "due_on": estimate.due_on and estimate.due_on.isoformat(),
            "cents": estimate.cents,
        },
    )


def _date(at: datetime, site: Site) -> date:
    return at.astimezone(site.zone).date()
