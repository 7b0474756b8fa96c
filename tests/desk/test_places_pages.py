"""The pages of sites and rooms: what they take, what they refuse, and what is kept of it."""

from datetime import date, time

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic.journal import newest
from clinic.models import Absence, Closure, Grant, OpeningHours, Room, Site, Travel, User
from clinic.services.closures import Opening
from clinic.services.patients import update_patient
from scheduling.services.booking import book_series
from scheduling.services.upkeep import save_room, set_opening_hours
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
BY = {"actor": DESK, "now": NOW}
NAUGHTY = ("\0", "x" * 10_000, "9" * 30, "²")
NEW = {"name": "Room", "capabilities": ["infusion"], "chairs": "1", "turnover_minutes": "10"}


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def series(clinic):
    proposal = token(patient(), protocol("aud-kare"), clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


@pytest.fixture
def manager(clinic):
    return signed_in("manager")


def signed_in(role):
    user = User.objects.create(username=role, email=f"{role}@clinic.example", first_name="Mia")
    Grant.objects.create(user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def room(clinic):
    return Room.objects.get(site=clinic, name="Room 1")


def typed(form):
    """What a form sends when nothing in it is touched."""
    told = {field.html_name: field.value() for field in form}
    return {name: value for name, value in told.items() if value not in (None, False, "")}


def room_typed(browser, room, **changed):
    page = browser.get(f"/rooms/{room.pk}")
    return typed(page.context["form"]) | {"seen": page.context["seen"]} | changed


def site_typed(browser, site, **changed):
    page = browser.get(f"/sites/{site.pk}/about")
    return typed(page.context["form"]) | {"seen": page.context["seen"]} | changed


def week(*rows):
    columns = zip(*rows, strict=True)
    return dict(zip(("day", "opens", "closes"), map(list, columns), strict=True))


def test_several_rooms_are_numbered_past_those_that_are_there(manager, clinic):
    answer = manager.post(f"/sites/{clinic.pk}/rooms/new", NEW | {"number": "2"})
    assert answer.status_code == 302
    made = Room.objects.filter(site=clinic).order_by("-position")[:2]
    taken = {"Room 1", "Room 2"}
    assert len({room.name for room in made} - taken) == 2


def test_a_room_is_corrected_and_may_be_undone(manager, room):
    sent = room_typed(manager, room, name="Quiet room", turnover_minutes="15")
    assert manager.post(f"/rooms/{room.pk}", sent).status_code == 302
    room.refresh_from_db()
    assert (room.name, room.turnover_minutes) == ("Quiet room", 15)
    assert manager.session["undo"]["subject"] == f"room:{room.pk}"


def test_the_second_to_save_a_room_is_told_and_then_saves_both(manager, room):
    sent = room_typed(manager, room, name="Quiet room")
    save_room(room=room.pk, turnover_minutes=25, **BY)
    answer = manager.post(f"/rooms/{room.pk}", sent)
    assert answer.status_code == 409
    assert "while you were typing" in answer.content.decode()
    again = typed(answer.context["form"]) | {"seen": answer.context["seen"]}
    assert manager.post(f"/rooms/{room.pk}", again).status_code == 302
    room.refresh_from_db()
    assert (room.name, room.turnover_minutes) == ("Quiet room", 25)


def test_a_form_that_was_wrong_still_knows_when_it_was_drawn(manager, clinic, room):
    sent = room_typed(manager, room, chairs="0")
    save_room(room=room.pk, turnover_minutes=25, **BY)
    answer = manager.post(f"/rooms/{room.pk}", sent)
    assert answer.status_code == 422
    assert int(answer.context["seen"]) == int(sent["seen"])


def test_a_room_with_visits_is_not_taken_out_of_use_and_they_are_listed(manager, series):
    visit = series.appointments.earliest("starts_at")
    room = Room.objects.get(pk=visit.claims.filter(role="room")[0].resource_id)
    answer = manager.post(f"/rooms/{room.pk}/use")
    assert answer.status_code == 409
    assert f"/visits/{visit.pk}" in answer.content.decode()
    assert Room.objects.get(pk=room.pk).active


def test_a_room_that_nobody_needs_goes_out_of_use_and_comes_back(manager, clinic):
    spare = save_room(site=clinic, name="Spare", capabilities=["storage"], **BY)
    manager.post(f"/rooms/{spare.pk}/use")
    page = manager.get(f"/sites/{clinic.pk}/rooms")
    assert [one.name for one in page.context["unused"]] == ["Spare"]
    manager.post(f"/rooms/{spare.pk}/use", {"use": ""})
    assert Room.objects.get(pk=spare.pk).active


def test_a_room_is_out_of_service_for_whole_days_or_hours_and_back(manager, room):
    out = {"first": "2026-12-21", "last": "2026-12-22", "reason": "Pump repair"}
    assert manager.post(f"/rooms/{room.pk}/out", out).status_code == 302
    absence = Absence.objects.get(resource=room.pk)
    zone = room.site.zone
    assert absence.starts_at.astimezone(zone).isoformat()[:16] == "2026-12-21T00:00"
    assert absence.ends_at.astimezone(zone).isoformat()[:16] == "2026-12-23T00:00"
    manager.post(f"/rooms/{room.pk}/out/{absence.pk}/remove")
    assert not Absence.objects.filter(resource=room.pk).exists()


def test_rooms_move_by_one_place_on_the_board(manager, clinic):
    order = list(Room.objects.filter(site=clinic, active=True).values_list("name", flat=True))
    first = Room.objects.get(site=clinic, name=order[0])
    manager.post(f"/rooms/{first.pk}/move", {"up": ""})
    manager.post(f"/rooms/{first.pk}/move", {"down": ""})
    now = list(Room.objects.filter(site=clinic, active=True).values_list("name", flat=True))
    assert now == [order[1], order[0], *order[2:]]


def test_a_site_is_corrected(manager, clinic):
    sent = site_typed(manager, clinic, address="1 Elm Street", start_grain_minutes="5")
    assert manager.post(f"/sites/{clinic.pk}/about", sent).status_code == 302
    clinic.refresh_from_db()
    assert (clinic.address, clinic.start_grain_minutes) == ("1 Elm Street", 5)


def test_another_time_zone_over_booked_visits_is_refused_with_the_list(manager, clinic, series):
    sent = site_typed(manager, clinic, time_zone="Asia/Tokyo")
    answer = manager.post(f"/sites/{clinic.pk}/about", sent)
    assert answer.status_code == 409
    first = series.appointments.earliest("starts_at")
    assert f"/visits/{first.pk}" in answer.content.decode()
    assert Site.objects.get(pk=clinic.pk).time_zone == clinic.time_zone


def test_a_week_may_open_twice_a_day_and_overnight(manager, clinic):
    rows = week(("0", "08:00", "12:00"), ("0", "13:00", "17:00"), ("4", "22:00", "06:00"))
    assert manager.post(f"/sites/{clinic.pk}/opening", rows).status_code == 302
    kept = OpeningHours.objects.filter(site=clinic).values_list("weekday", "opens", "closes")
    assert sorted(kept) == [
        (0, time(8), time(12)),
        (0, time(13), time(17)),
        (4, time(22), time(6)),
    ]


def test_closing_a_day_over_booked_visits_is_refused_and_what_was_typed_stays(
    manager, clinic, series
):
    answer = manager.post(f"/sites/{clinic.pk}/opening", week(("0", "11:00", "17:00")))
    assert answer.status_code == 409
    assert answer.context["week_breaks"]
    assert 'value="11:00"' in answer.content.decode()


def test_the_second_to_write_the_week_keeps_their_days_and_takes_the_others(manager, clinic):
    seven = [Opening(day, time(8), time(18)) for day in range(7)]
    set_opening_hours(site=clinic.pk, openings=seven, **BY)
    seen = newest(f"site:{clinic.pk}")
    theirs = [*seven[:6], Opening(6, time(9), time(12))]
    set_opening_hours(site=clinic.pk, openings=theirs, **BY)
    mine = [("0", "07:00", "18:00"), *((str(day), "08:00", "18:00") for day in range(1, 7))]
    answer = manager.post(f"/sites/{clinic.pk}/opening", week(*mine) | {"seen": seen})
    assert answer.status_code == 409
    rows = [(row.day, row.opens, row.closes) for row in answer.context["week"].rows]
    assert rows[0] == (0, "07:00", "18:00")
    assert rows[6] == (6, "09:00", "12:00")
    [told] = answer.context["week_it"].changes
    assert (told.before, told.after) == ("Sunday 08:00-18:00", "Sunday 09:00-12:00")


def test_a_closure_of_days_is_added_and_removed(manager, clinic):
    days = {"first": "2027-03-01", "last": "2027-03-05", "reason": "Floor"}
    manager.post(f"/sites/{clinic.pk}/closures", days)
    closure = Closure.objects.get(site=clinic)
    assert (closure.first, closure.last) == (date(2027, 3, 1), date(2027, 3, 5))
    manager.post(f"/sites/{clinic.pk}/closures/{closure.pk}/remove")
    assert not Closure.objects.exists()


def test_a_closure_over_booked_visits_is_refused_with_the_list(manager, clinic, series):
    day = series.appointments.earliest("starts_at").starts_at.astimezone(clinic.zone).date()
    answer = manager.post(
        f"/sites/{clinic.pk}/closures", {"first": day.isoformat(), "reason": "Floor"}
    )
    assert answer.status_code == 409
    assert answer.context["closure_breaks"]


def test_a_holiday_is_open_anyway(manager, clinic):
    Site.objects.filter(pk=clinic.pk).update(keeps_public_holidays=True)
    first = manager.get(f"/sites/{clinic.pk}/about").context["holidays"][0]
    manager.post(f"/sites/{clinic.pk}/holidays", {"day": first.day.isoformat()})
    assert Closure.objects.get(site=clinic).opens_anyway
    assert manager.get(f"/sites/{clinic.pk}/about").context["holidays"][0].closure


def test_travel_is_one_number_for_both_ways(manager, clinic):
    other = Site.objects.create(
        organisation=clinic.organisation, name="Harbor", time_zone=clinic.time_zone
    )
    manager.post(f"/sites/{clinic.pk}/travel", {"other": other.pk, "minutes": "25"})
    manager.post(f"/sites/{other.pk}/travel", {"other": clinic.pk, "minutes": "30"})
    assert [row.minutes for row in Travel.objects.all()] == [30]


def test_the_second_to_correct_a_patient_is_told_and_then_saves_both(clinic):
    pia, desk = patient(), signed_in("front_desk")
    page = desk.get(f"/patients/{pia.pk}/edit")
    sent = typed(page.context["form"]) | {"seen": page.context["seen"], "notes": "Window."}
    update_patient(patient=pia.pk, escort_name="Max", **BY)
    answer = desk.post(f"/patients/{pia.pk}/edit", sent)
    assert answer.status_code == 409
    again = typed(answer.context["form"]) | {"seen": answer.context["seen"]}
    assert desk.post(f"/patients/{pia.pk}/edit", again).status_code == 302
    pia.refresh_from_db()
    assert (pia.escort_name, pia.notes) == ("Max", "Window.")


@pytest.mark.parametrize("bad", NAUGHTY)
def test_nothing_typed_breaks_a_page_of_places(manager, clinic, room, bad):
    about, rooms = f"/sites/{clinic.pk}", f"/rooms/{room.pk}"
    pages = {
        f"{about}/about": site_typed(manager, clinic),
        f"{about}/opening": week(("0", "08:00", "18:00")),
        f"{about}/closures": {"first": "2027-03-01", "last": "2027-03-01", "reason": "x"},
        f"{about}/holidays": {"day": "2027-01-01"},
        f"{about}/travel": {"other": clinic.pk, "minutes": "5"},
        f"{about}/rooms/new": NEW | {"number": "1"},
        rooms: room_typed(manager, room),
        f"{rooms}/out": {"first": "2027-03-01", "last": "2027-03-01"},
    }
    for address, good in pages.items():
        for name in good:
            answer = manager.post(address, good | {name: bad})
            assert answer.status_code in (302, 403, 404, 409, 422), (address, name)


def test_lists_of_places_ask_as_much_for_many_rooms_as_for_few(
    manager, clinic, django_assert_max_num_queries
):
    save_room(site=clinic, name="Extra", capabilities=["therapy"], **BY)
    for path in (f"/sites/{clinic.pk}/rooms", "/setup/sites"):
        manager.get(path)
        few = asked(manager, path)
        for n in range(20):
            save_room(site=clinic, name=f"{path[-5:]} {n}", capabilities=["therapy"], **BY)
            Site.objects.create(
                organisation=clinic.organisation, name=f"{path[-5:]}{n}", time_zone="UTC"
            )
        with django_assert_max_num_queries(few):
            manager.get(path)


def asked(browser, path):

    with CaptureQueriesContext(connection) as found:
        browser.get(path)
    return len(found)
