"""Nurses of a day more or fewer for a while: a float nurse joins, a break is given.

Both are one date that differs from somebody's week. Errors: DoesNotExist, django's ValidationError
by field, `Refused` with the rule, `WouldBreakVisits`. In none of them is anything saved.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

from django.core.exceptions import ValidationError

from clinic.journal import Actor, record
from clinic.models import Site, Staff, Travel
from clinic.selectors import Duty, absences, duties
from clinic.services.facts import Pen
from clinic.services.hours import write_exception
from clinic.spans import Span, merge, minute, moment, shift, subtract
from clinic.transactions import durable
from scheduling import daybook
from scheduling.daybook.facts import busy_spans
from scheduling.daybook.monitoring import Monitoring, open_monitoring
from scheduling.errors import Refused
from scheduling.models import Claim
from scheduling.models.claims import LONGEST_CLAIM
from scheduling.planner import cover
from scheduling.planner.cover import Placement
from scheduling.planner.day import CoverTask
from scheduling.planner.intervals import span
from scheduling.planner.plans import Refusal
from scheduling.planner.protocols import NURSE
from scheduling.planner.rules import shortage_words
from scheduling.planner.words import stretch
from scheduling.services.booking import guarded
from scheduling.services.keeping import sites_of, visits_fit
from scheduling.services.nursing import Given, kept, write_nurses

FLOAT, BREAK = "Float", "Break"


@guarded
@durable
def join_float(
    *, site: int, day: date, nurse: int, starts: time, ends: time, actor: Actor, now: datetime
) -> Span:
    """A nurse helps out at a site for some hours of a day; the minutes (UTC) they are there.

    They hold what the site asks of its nurses, and are neither off nor at work elsewhere then, with
    the way between. One who does not belong to the site does from now on.
    """
    place = Site.objects.select_related("organisation").get(pk=site)
    person = Staff.objects.select_for_update(of=("self",), no_key=True).get(pk=nurse)
    hours = _hours(place, day, starts, ends, now)
    homes = sites_of(person.pk)
    known = {one.pk: one for one in [*homes, place]}
    with visits_fit(known.values(), now=now):
        if no := _cannot_join(person, place, homes, day, hours):
            raise Refused(no)
        if place.pk not in {one.pk for one in homes}:
            person.sites.add(place)
            Pen("staff", actor, now).note("joined", person, place, after={"site": place.pk})
        write_exception(
            person,
            place,
            day,
            starts=starts,
            ends=ends,
            working=True,
            note=FLOAT,
            pen=Pen("exception", actor, now),
        )
        if no := _not_valid(person, place, day, hours):
            raise Refused(no)
    after = {"day": day.isoformat(), "nurse": person.pk, "hours": list(hours)}
    _told("monitoring.joined", place, after, actor, now)
    return hours


@guarded
@durable
def give_break(
    *, site: int, day: date, nurse: int, starts: time, ends: time, actor: Actor, now: datetime
) -> list[Given]:
    """A nurse rests; the phases that others take over for it. Refused where cover does not hold."""
    place = Site.objects.select_related("organisation").get(pk=site)
    person = Staff.objects.get(pk=nurse)
    hours = _hours(place, day, starts, ends, now)
    daybook.close_site(place)
    before = open_monitoring(site=place, day=day, now=now)
    _may_rest(before, person, hours)
    write_exception(
        person,
        place,
        day,
        starts=starts,
        ends=ends,
        working=False,
        note=BREAK,
        pen=Pen("exception", actor, now),
    )
    rested = open_monitoring(site=place, day=day, now=now)
    if _on_duty(rested, person) & _bits(rested, hours):
        said = f"{person.name} joined for these hours only; no break is taken out of them."
        raise Refused([Refusal("nurse_is_on_duty", person.name, said)])
    placed = _handed_on(rested, person, hours)
    after = {"day": day.isoformat(), "nurse": person.pk, "hours": list(hours)}
    moved = kept(placed, before=False)
    _told("monitoring.rested", place, after | {"given": moved}, actor, now)
    if placed:
        write_nurses(placed, rested, actor=actor, now=now)
    return moved


def _hours(site: Site, day: date, starts: time, ends: time, now: datetime) -> Span:
    if ends <= starts:
        raise ValidationError({"ends": "It ends before it begins."})
    hours = shift(day, starts, ends, site.zone)
    if hours[1] <= minute(now):
        raise ValidationError({"starts": "That is over; choose a time to come."})
    return hours


# A float nurse ----------------------------------------------------------------------------------


def _cannot_join(
    person: Staff, place: Site, homes: list[Site], day: date, hours: Span
) -> list[Refusal]:
    name, when = person.name, stretch(*hours, place.zone)
    if not person.active or NURSE not in person.roles:
        return [Refusal("staff_is_qualified", name, f"{name} is no monitoring nurse.")]
    if away := merge(absences([person.pk], *hours).get(person.pk, [])):
        off = away[0]
        said = f"{name} is off {stretch(*off, place.zone)}."
        return [Refusal("staff_is_on_duty", name, said)]
    if engaged := merge(busy_spans([person.pk], *hours).get(person.pk, [])):
        said = f"{name} is busy in their own calendar {stretch(*engaged[0], place.zone)}."
        return [Refusal("staff_is_on_duty", name, said)]
    for home in homes:
        found = _duty(person, home, day)
        working = found.spans if found else []
        if home == place:
            if not subtract([hours], working):
                said = f"{name} is on duty here {when} already."
                return [Refusal("float_is_free", name, said)]
            continue
        travel = _travel(place, home)
        if _overlap(working, (hours[0] - travel, hours[1] + travel)):
            return [_elsewhere(name, home, when, travel)]
    low, high = hours
    longest = max([_travel(place, home) for home in homes if home != place], default=0)
    busy = Claim.objects.filter(
        resource=person.pk,
        start_minute__gt=low - longest - LONGEST_CLAIM,
        start_minute__lt=high + longest,
        end_minute__gt=low - longest,
    ).exclude(appointment__site=place)
    if busy.exists():
        said = f"{name} has patients elsewhere {when}."
        return [Refusal("float_is_free", name, said)]
    return []


def _elsewhere(name: str, home: Site, when: str, travel: int) -> Refusal:
    way = f", {travel} minutes away" if travel else ""
    said = f"{name} works at {home.name}{way}, too near to {when}."
    return Refusal("float_is_free", name, said)


def _not_valid(person: Staff, place: Site, day: date, hours: Span) -> list[Refusal]:
    """Asked once the hours are theirs: whether every credential of a nurse is valid in them."""
    found = _duty(person, place, day)
    if found is not None and not subtract([hours], found.by_role.get(NURSE, [])):
        return []
    required = place.organisation.required_credentials.get(NURSE, [])
    held = found.by_credential if found else {}
    missing = [kind for kind in required if subtract([hours], held.get(kind, []))]
    said = f"{person.name} has no valid {', '.join(missing) or 'credential'} on that day."
    return [Refusal("credential_is_valid", person.name, said)]


def _duty(person: Staff, site: Site, day: date) -> Duty | None:
    return next(iter(duties(site, day, day, people=[person.pk])), None)


def _travel(one: Site, other: Site) -> int:
    ways = Travel.objects.filter(site__in=(one, other), other__in=(one, other))
    return max(ways.values_list("minutes", flat=True), default=0)


def _overlap(spans: list[Span], with_: Span) -> bool:
    return any(start < with_[1] and with_[0] < end for start, end in spans)


# A break ----------------------------------------------------------------------------------------


def _may_rest(monitoring: Monitoring, person: Staff, hours: Span) -> None:
    zone = monitoring.site.zone
    if _bits(monitoring, hours) & ~_on_duty(monitoring, person):
        said = f"{person.name} is not on duty {stretch(*hours, zone)}."
        raise Refused([Refusal("nurse_is_on_duty", person.name, said)])
    for task in monitoring.tasks:
        if task.nurse == person.pk and task.pinned and _overlap([(task.start, task.end)], hours):
            said = f"{person.name} has a patient until {moment(task.end).astimezone(zone):%H:%M}"
            said += " in a phase that has begun. Give the break after it."
            raise Refused([Refusal("phase_is_ahead", person.name, said)])


def _on_duty(monitoring: Monitoring, person: Staff) -> int:
    found = (one.duty.get(NURSE, 0) for one in monitoring.diary.people if one.id == person.pk)
    return next(found, 0)


def _bits(monitoring: Monitoring, hours: Span) -> int:
    start = monitoring.diary.start
    return span(hours[0] - start, hours[1] - start)


def _handed_on(monitoring: Monitoring, person: Staff, hours: Span) -> list[Placement]:
    """The phases in the break with others, and whoever else changes for it; Refused if none can."""
    theirs = [
        task
        for task in monitoring.tasks
        if task.nurse == person.pk and _overlap([(task.start, task.end)], hours)
    ]
    fresh: dict[CoverTask, CoverTask] = {replace(t, nurse=None, held=()): t for t in theirs}
    others = [task for task in monitoring.tasks if task not in theirs]
    found = cover.assign(list(fresh), monitoring.diary.people, others, monitoring.diary)
    if isinstance(found, cover.Shortage):
        said = f"{person.name} cannot rest then. {shortage_words(found, monitoring.diary)}"
        raise Refused([Refusal("nurse_cover_is_kept", person.name, said)])
    new = [Placement(fresh[one.task], one.nurse, one.lanes) for one in found.new]
    return [*new, *found.changed]


def _told(action: str, site: Site, after: dict[str, object], actor: Actor, now: datetime) -> None:
    record(
        actor=actor, now=now, action=action, subject=f"monitoring:{site.pk}", site=site, after=after
    )
