"""Boards of a day, a week and a month: who is where, what is free, and who sees what."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from api.desk.lanes import Bar, within
from clinic.models import Closure, Grant, Room, Staff, User
from scheduling.models import Claim, ProtocolVersion
from scheduling.selectors import Load, occupancy
from scheduling.services.booking import book_series
from tests.cast import (
    DESK,
    MONDAY,
    NEW_YORK,
    NOW,
    at,
    house,
    kare_times,
    off,
    patient,
    protocol,
    token,
)

pytestmark = pytest.mark.django_db(transaction=True)
INFUSION_DAY = date(2026, 12, 17)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    protocol("aud-kare")
    return house()


def series_of(name: str, clinic, clock: str = "09:00"):
    proposal = token(patient(name), ProtocolVersion.objects.get(), clinic, kare_times(clock=clock))
    return book_series(token=proposal, actor=DESK, now=NOW)


def signed_in(role: str = "front_desk", staff: Staff | None = None) -> Client:
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role)
    if staff:
        staff.user = user
        staff.save()
    browser = Client()
    browser.force_login(user)
    return browser


def span(bar: Bar) -> str:
    return f"{bar.starts:%H:%M}-{bar.ends:%H:%M}"


def test_a_nurse_has_a_bar_for_each_stretch_as_wide_as_the_lanes_it_takes(clinic):
    series_of("Pia", clinic)
    sheet = signed_in().get(f"/sites/{clinic.pk}/day/{INFUSION_DAY}?by=nurses").context["sheet"]
    claims = Claim.objects.filter(role="monitoring_nurse", appointment__step="inf1")
    assert {int(bar.column) for bar in sheet.bars} == {claim.resource_id for claim in claims}
    assert sum(
        bar.lanes * (bar.ends - bar.starts) // timedelta(minutes=1) for bar in sheet.bars
    ) == sum(claim.end_minute - claim.start_minute for claim in claims)
    assert [bar.lanes for bar in sheet.bars] == sorted(
        (bar.lanes for bar in sheet.bars), reverse=True
    )
    assert all(bar.said for bar in sheet.bars)
    assert [group.name for group in sheet.groups] == ["Ines Example", "Noor Example"]
    told = [row.said for group in sheet.groups for row in group.rows]
    assert told[0].endswith("4 lanes")


def test_a_clinician_who_is_off_has_a_column_only_when_somebody_is_theirs(clinic):
    therapist = series_of("Pia", clinic).therapist
    day = date(2026, 12, 15)
    for one in Staff.objects.filter(given_name__in=["Ana", "Theo", "Priya"]):
        off(one, day)
    sheet = signed_in().get(f"/sites/{clinic.pk}/day/{day}?by=clinicians").context["sheet"]
    assert [(column.name, column.note) for column in sheet.columns] == [(therapist.name, "off")]
    assert [span(bar) for bar in sheet.bars] == ["09:00-10:30"]


def test_a_bar_past_midnight_is_cut_there():
    late = Bar(1, "7", at(MONDAY, "23:30"), at(MONDAY + timedelta(days=1), "01:00"))
    assert [span(bar) for bar in within([late], MONDAY)] == ["23:30-00:00"]
    assert [span(bar) for bar in within([late], MONDAY + timedelta(days=1))] == ["00:00-01:00"]
    assert list(within([late], MONDAY + timedelta(days=2))) == []


def test_a_day_by_something_unknown_is_the_day_by_time(clinic):
    series_of("Pia", clinic)
    sheet = signed_in().get(f"/sites/{clinic.pk}/day/{INFUSION_DAY}?by=\0&view=x").context["sheet"]
    assert (sheet.by, sheet.groups, len(sheet.columns)) == ("", [], 6)


def test_a_week_has_visits_and_what_is_free_between_by_room(clinic):
    series_of("Pia", clinic)
    week = signed_in().get(f"/sites/{clinic.pk}/week/{INFUSION_DAY}").context["week"]
    assert [day.day.isoweekday() for day in week.days] == [1, 2, 3, 4, 5]
    room = next(line for line in week.lines if any(cell.stays for cell in line.cells))
    thursday = next(cell for cell in room.cells if cell.day == INFUSION_DAY)
    assert [stay.entry.name for stay in thursday.stays] == ["Pia Sample"]
    [before, after] = thursday.free
    assert (before.clock, before.until, after.until) == ("08:00", "09:10", "18:00")
    assert thursday.load.whole == 600


def test_a_week_of_one_nurse_shows_no_other_and_a_nurse_short_is_told(clinic):
    series_of("Pia", clinic)
    for nurse in Staff.objects.filter(roles=["monitoring_nurse"]):
        off(nurse, INFUSION_DAY)
    ines = Staff.objects.get(given_name="Ines")
    browser = signed_in("charge_nurse")
    week = browser.get(f"/sites/{clinic.pk}/week/{INFUSION_DAY}?by=nurses&one={ines.pk}")
    week = week.context["week"]
    assert [line.name for line in week.lines] == ["Ines Example"]
    [thursday] = [day for day in week.days if day.day == INFUSION_DAY]
    assert thursday.short[0].clock == "09:10"
    assert not any(day.short for day in week.days if day.day != INFUSION_DAY)


def test_a_week_answers_nothing_new_while_nothing_changed(clinic):
    browser = signed_in()
    path = f"/sites/{clinic.pk}/week/{INFUSION_DAY}"
    stamp = browser.get(path).context["week"].stamp
    ask = {"HX-Request": "true"}
    assert browser.get(path, {"v": stamp}, headers=ask).status_code == 204
    series_of("Pia", clinic)
    assert b"Pia Sample" in browser.get(path, {"v": stamp}, headers=ask).content


def test_a_month_counts_by_kind_and_says_what_is_closed(clinic):
    series_of("Pia", clinic)
    Closure.objects.create(site=clinic, first=MONDAY, last=MONDAY, reason="Painting")
    month = signed_in().get(f"/sites/{clinic.pk}/month/{INFUSION_DAY}").context["month"]
    by_day = {day.day: day for day in month.days}
    assert len(by_day) == 31
    infusion = by_day[INFUSION_DAY]
    assert (infusion.infusions, infusion.therapies, infusion.others) == (1, 0, 0)
    assert by_day[INFUSION_DAY + timedelta(days=1)].therapies == 1
    assert by_day[MONDAY].closed == "Painting"
    assert by_day[date(2026, 12, 13)].closed == "Closed"
    assert infusion.load.whole == 6 * 600
    assert 0 < infusion.load.taken < 200
    assert month.visits == sum(day.visits for day in month.days) == 7


def test_a_month_of_one_room_counts_only_what_is_in_it(clinic):
    used = set(
        Claim.objects.filter(appointment=series_of("Pia", clinic).appointments.get(step="inf1"))
        .filter(role="room")
        .values_list("resource_id", flat=True)
    )
    browser = signed_in()
    for room in Room.objects.filter(name__in=["Room 1", "Room 2"]):
        path = f"/sites/{clinic.pk}/month/{INFUSION_DAY}?one={room.pk}"
        days = {day.day: day for day in browser.get(path).context["month"].days}
        assert days[INFUSION_DAY].visits == (room.pk in used)


def test_a_therapist_sees_their_own_visits_on_every_board_and_nobody_elses_hours(clinic):
    ana, theo = Staff.objects.get(given_name="Ana"), Staff.objects.get(given_name="Theo")
    series = series_of("Pia", clinic)
    other = theo if series.therapist_id == ana.pk else ana
    browser = signed_in("therapist", other)
    for path in ("day", "week", "month"):
        page = browser.get(f"/sites/{clinic.pk}/{path}/{INFUSION_DAY}?by=clinicians")
        assert b"Pia" not in page.content, path
    week = browser.get(f"/sites/{clinic.pk}/week/{INFUSION_DAY}?by=clinicians").context["week"]
    assert [line.name for line in week.lines] == [other.name]
    assert not any(cell.free for line in week.lines for cell in line.cells)
    month = browser.get(f"/sites/{clinic.pk}/month/{INFUSION_DAY}").context["month"]
    assert (month.visits, {day.load for day in month.days}) == (0, {Load(0, 0)})


@pytest.mark.parametrize("query", ["", "?view=list", "?by=nurses", "?by=clinicians&view=list"])
def test_who_may_not_see_names_or_care_sees_neither_on_any_board(clinic, query):
    series_of("Pia", clinic)
    browser = signed_in("manager")
    for path in (f"day/{INFUSION_DAY}", f"week/{INFUSION_DAY}"):
        text = browser.get(f"/sites/{clinic.pk}/{path}{query}").content.decode()
        text = text[text.index('<main id="main"') :]
        assert "P. S." in text
        for word in ("Sample", "Infusion 1", "INF 1", "infuse"):
            assert word not in text, word


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2027, 3, 14), 23), (date(2026, 11, 1), 25)], ids=["spring", "autumn"]
)
def test_a_day_of_a_clock_change_has_as_many_hours_as_it_has(day, hours):
    protocol("aud-kare")
    where = house(opens="00:00", closes="00:00", weekdays=range(7))
    known = occupancy(site=where, first=day, last=day, now=datetime(2026, 10, 1, tzinfo=NEW_YORK))
    room = next(room for room in known.diary.rooms if room.name == "Room 1")
    assert known.load_of_room(room, day) == Load(0, hours * 60)
    [(start, end)] = known.open(day)
    assert (end - start).days == 1  # the wall clock goes round once
    assert start.utcoffset() != end.utcoffset()
