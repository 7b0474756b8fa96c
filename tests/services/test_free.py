"""Free capacity: what is found first, what ends it, and that nothing is missed."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from clinic.models import Room, Site, Staff
from clinic.spans import minute, moment
from scheduling.models import Claim, Hold
from scheduling.selectors import Sought, find_free
from tests.cast import (
    MONDAY,
    NEW_YORK,
    NOW,
    at,
    house,
    nurse,
    off,
    patient,
    protocol,
    room,
    site,
    therapist,
)

pytestmark = pytest.mark.django_db
AFTER_CHANGE = {"spring": date(2027, 3, 14), "autumn": date(2026, 11, 1)}


@pytest.fixture
def clinic():
    return house()


def taken(resource: Room | Staff, start: datetime, end: datetime, *lanes: int, role="room") -> None:
    """Somebody thinks about these lanes."""
    hold = Hold.objects.first() or Hold.objects.create(
        offer="somebody",
        patient=patient("Per"),
        site=Site.objects.get(),
        protocol_version=protocol("maintenance"),
        held_by="Dora",
        expires_at=at(date(2028, 1, 1), "00:00"),
    )
    Claim.objects.bulk_create(
        Claim(
            resource_id=resource.pk,
            lane=lane,
            start_minute=minute(start),
            end_minute=minute(end),
            role=role,
            hold=hold,
        )
        for lane in lanes or (0,)
    )


def found(where: Site, *, first: date = MONDAY, days: int = 7, limit: int = 5, **sought):
    return find_free(
        site=where, sought=Sought(**sought), first=first, days=days, now=NOW, limit=limit
    )


def said(free) -> str:
    return f"{free.starts_at:%a %H:%M}-{free.ends_at:%H:%M} {free.limit}"


def test_the_first_two_hours_with_a_private_room_and_ana_after_two(clinic):
    ana = Staff.objects.get(given_name="Ana")
    taken(ana, at(MONDAY, "14:00"), at(MONDAY, "15:15"), role="therapist")
    [first, second] = found(
        clinic,
        minutes=120,
        capability="therapy",
        whole=True,
        people={"therapist": ana.pk},
        earliest=time(14),
        limit=2,
    )
    assert (said(first), said(second)) == (
        "Mon 15:15-18:00 closing",
        "Tue 14:00-18:00 closing",
    )
    assert first.seat.name == "Therapy A"
    assert [other.name for other in first.others] == ["Therapy B"]
    assert first.people == (("therapist", ana.pk, "Ana Example"),)


def test_a_stretch_ends_early_enough_for_the_rooms_turnover(clinic):
    only = Room.objects.get(name="Room 1")
    taken(only, at(MONDAY, "11:00"), at(MONDAY, "12:00"))
    [free, *_] = found(clinic, minutes=60, room=only.pk)
    assert said(free) == "Mon 08:00-10:50 room"


def test_the_turnover_may_run_past_closing(clinic):
    only = Room.objects.get(name="Room 1")
    taken(only, at(MONDAY, "08:00"), at(MONDAY, "17:00"))
    [free, *_] = found(clinic, minutes=60, room=only.pk)
    assert said(free) == "Mon 17:00-18:00 closing"


def test_one_taken_chair_leaves_the_bay_but_not_the_whole_of_it(clinic):
    bay = Room.objects.get(name="Bay")
    taken(bay, at(MONDAY, "08:00"), at(MONDAY, "12:00"), 0)
    assert found(clinic, minutes=60, room=bay.pk)[0].seat.lanes == (1,)
    whole = found(clinic, minutes=60, room=bay.pk, whole=True)[0]
    assert (said(whole), whole.seat.lanes) == ("Mon 12:00-18:00 closing", (0, 1))


def test_a_nurse_with_too_few_lanes_left_is_not_offered(clinic):
    ines, noor = Staff.objects.filter(roles=["monitoring_nurse"]).order_by("given_name")
    off(noor, MONDAY)
    taken(ines, at(MONDAY, "08:00"), at(MONDAY, "10:00"), 0, 1, 2, role="monitoring_nurse")
    [one, *_] = found(clinic, minutes=60, nurse_lanes=1)
    [two, *_] = found(clinic, minutes=60, nurse_lanes=2)
    assert said(one) == "Mon 08:00-18:00 closing"
    assert said(two) == "Mon 10:00-18:00 closing"


def test_what_was_asked_for_ends_a_stretch_and_nothing_begins_in_the_past(clinic):
    [free, *_] = find_free(
        site=clinic,
        sought=Sought(minutes=45, latest=time(12)),
        first=MONDAY,
        days=1,
        now=at(MONDAY, "10:05"),
    )
    assert said(free) == "Mon 10:15-12:00 asked"


def test_what_the_site_does_not_have_is_never_free(clinic):
    assert found(clinic, minutes=60, capability="sauna") == []
    assert found(clinic, minutes=60, room=999_999) == []
    assert found(clinic, minutes=60, people={"prescriber": 999_999}) == []
    assert found(clinic, minutes=60, weekdays=[5, 6]) == []
    assert found(clinic, minutes=60, earliest=time(17), latest=time(9)) == []


def test_nobody_is_therapist_and_prescriber_at_once():
    where = site()
    room("Room 1", where)
    both = therapist("Ana", where)
    both.roles = ["therapist", "prescriber"]
    both.save()
    both.credentials.create(kind="medical_licence", number="TEST", expires_on=date(2099, 1, 1))
    assert found(where, minutes=30, people={"therapist": None})
    assert found(where, minutes=30, people={"therapist": None, "prescriber": None}) == []


def test_four_weeks_take_few_questions(clinic, django_assert_max_num_queries):
    asked = {"minutes": 60, "nurse_lanes": 1, "people": {"therapist": None, "prescriber": None}}
    found(clinic, days=28, **asked)
    with django_assert_max_num_queries(2):
        found(clinic, days=28, **asked)


@pytest.mark.parametrize("season", AFTER_CHANGE)
@pytest.mark.parametrize("seed", range(4))
def test_the_first_free_stretches_are_those_that_minute_by_minute_counting_finds(season, seed):
    chance = random.Random(f"{season} {seed}")
    day = AFTER_CHANGE[season] - timedelta(days=1)
    where = site(opens="00:00", closes=chance.choice(["00:00", "09:00"]), weekdays=range(7))
    rooms = [room("Room 1", where), room("Bay", where, chairs=2, turnover=15)]
    hours = chance.choice([("00:00", "08:30"), ("01:30", "06:00"), ("20:00", "05:00")])
    people = [
        therapist("Ana", where, hours=hours, weekdays=range(7)),
        therapist("Theo", where, hours=("02:15", "07:00"), weekdays=range(7)),
        nurse("Ines", where, hours=("00:00", "09:00"), weekdays=range(7)),
    ]
    start = minute(at(day, "00:00"))
    busy = {one.pk: [set() for _ in range(lanes(one))] for one in [*rooms, *people]}
    for one in [*rooms, *people]:
        for lane in range(lanes(one)):
            low = start
            for _ in range(4):
                low += chance.randrange(20, 500, 5)
                high = low + chance.randrange(20, 240, 5)
                role = "room" if isinstance(one, Room) else one.roles[0]
                taken(one, moment(low), moment(high), lane, role=role)
                busy[one.pk][lane] |= set(range(low, high))
                low = high
    sought = Sought(
        minutes=chance.choice([30, 60, 95]),
        whole=chance.random() < 0.3,
        people={"therapist": None},
        nurse_lanes=chance.choice([0, 1, 2]),
        earliest=chance.choice([None, time(1), time(2, 30)]),
        latest=chance.choice([None, time(3), time(7)]),
    )
    got = find_free(site=where, sought=sought, first=day, days=3, now=at(day, "00:00"), limit=6)
    answers = [(f.starts_at.astimezone(NEW_YORK), minute(f.ends_at)) for f in got]
    assert [(minute(a), b) for a, b in answers] == counted(
        where, sought, day, 3, busy, rooms, people
    )


def lanes(one: Room | Staff) -> int:
    if isinstance(one, Room):
        return one.chairs
    return 4 if "monitoring_nurse" in one.roles else 1


def counted(where, sought, day, days, busy, rooms, people) -> list[tuple[int, int]]:
    """The same by looking at every minute of every combination."""
    zone: ZoneInfo = where.zone
    first, last = minute(at(day, "00:00")), minute(at(day + timedelta(days=days), "00:00"))

    def worked(hours: list[tuple[time, time]]) -> set[int]:
        """Minutes in daily hours, each span from and to what the wall clock shows."""
        on: set[int] = set()
        for offset in range(-1, days + 1):
            for opens, closes in hours:
                begins = datetime.combine(day + timedelta(days=offset), opens, zone)
                ends = datetime.combine(day + timedelta(days=offset), closes, zone)
                if closes <= opens:
                    ends = datetime.combine(day + timedelta(days=offset + 1), closes, zone)
                on |= set(range(minute(begins), minute(ends)))
        return on

    opening = where.opening_hours.first()
    is_open = worked([(opening.opens, opening.closes)])

    def asked(at_minute: int) -> bool:
        clock = moment(at_minute).astimezone(zone).time()
        early, late = sought.earliest or time(0), sought.latest
        return first <= at_minute < last and early <= clock and (late is None or clock < late)

    inside = {m for m in is_open if asked(m)}
    seats = []
    for one in rooms:
        chairs = range(one.chairs)
        for some in [chairs] if sought.whole else [[c] for c in chairs]:
            seats.append((set().union(*(busy[one.pk][c] for c in some)), one.turnover_minutes))
    on_duty = {}
    for one in people:
        weekly = one.weekly_hours.first()
        duty = worked([(weekly.starts, weekly.ends)])
        need = sought.nurse_lanes if lanes(one) > 1 else 1
        on_duty[one.pk] = {
            m for m in duty if sum(m not in lane for lane in busy[one.pk]) >= max(need, 1)
        }
    therapists = [on_duty[one.pk] for one in people if one.roles == ["therapist"]]
    nurses = [on_duty[one.pk] for one in people if "monitoring_nurse" in one.roles]
    teams = (
        [[t, n] for t, n in product(therapists, nurses)]
        if sought.nurse_lanes
        else [[t] for t in therapists]
    )

    def ends(start: int) -> int:
        """Until when the combination lasts that lasts the longest from a start."""
        best = start
        for (held, turnover), team in product(seats, teams):
            end = start
            while end in inside and all(end in free for free in team):
                if any(m in held for m in range(end, end + turnover + 1)):
                    break
                end += 1
            best = max(best, end)
        return best

    answers = []
    at_minute = first
    while at_minute < last and len(answers) < 6:
        shown = moment(at_minute).astimezone(zone)
        if shown.minute % where.start_grain_minutes == 0 and at_minute in inside:
            end = ends(at_minute)
            if end - at_minute >= sought.minutes:
                answers.append((at_minute, end))
                at_minute = end
                continue
        at_minute += 1
    return answers
