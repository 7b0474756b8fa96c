"""The live boards: how the day really runs, kept up to date for nearly nothing."""

from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse

from clinic.journal import record, stamp
from clinic.models import Grant, Journal, Room, Staff, User
from clinic.services.access import set_grants
from scheduling.models import Appointment, Claim, ProtocolVersion
from scheduling.selectors.running import running
from scheduling.services.booking import book_visit
from scheduling.services.gates import override_gate
from scheduling.services.progress import set_status, take_back_status
from scheduling.services.rounds import record_vitals
from tests.cast import DESK, MONDAY, NOW, all_met, at, house, off, patient, protocol
from tests.cast import site as another_site

pytestmark = pytest.mark.django_db(transaction=True)
ASK = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    protocol("maintenance")
    return house()


def infusion(clinic, name: str, clock: str, **facts) -> Appointment:
    """140 minutes: arrive 10, prep 20, infuse 40, recover 60, discharge 10."""
    who = patient(name, home_site=clinic, **facts)
    booked = book_visit(
        patient=who,
        site=clinic,
        version=ProtocolVersion.objects.get(),
        step="inf1",
        starts_at=at(MONDAY, clock),
        actor=DESK,
        now=NOW,
    )
    return Appointment.objects.get(pk=booked.pk)


def stands(visit: Appointment, **when: str) -> None:
    """stands(visit, arrived="09:00", in_prep="09:10")"""
    for to, clock in when.items():
        moment = at(MONDAY, clock)
        if to in ("in_prep", "discharged"):
            all_met(visit, now=moment, leaving=to == "discharged")
        if to == "discharged":
            override_gate(
                appointment=visit.pk, gate="observed", reason="short", actor=DESK, now=moment
            )
        set_status(appointment=visit.pk, to=to, at=moment, actor=DESK, now=moment)


def into_the_chair_of(first: Appointment, second: Appointment) -> None:
    """The second visit claims the chair of the first."""
    chair = first.claims.get(role=Claim.Role.ROOM)
    second.claims.filter(role=Claim.Role.ROOM).update(resource=chair.resource_id, lane=chair.lane)


def signed_in(role: str = "front_desk", staff: Staff | None = None) -> Client:
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role)
    if staff:
        staff.user = user
        staff.save()
    browser = Client()
    browser.force_login(user)
    return browser


def board(browser: Client, clinic, tab: str = "desk", clock: str = "09:00", **headers):
    with time_machine.travel(at(MONDAY, clock), tick=False):
        return browser.get(reverse(f"desk:live-{tab}", args=[clinic.pk]), headers=headers)


def test_actual_times_count_and_those_taken_back_do_not(clinic):
    pia = infusion(clinic, "Pia", "09:00")
    stands(pia, arrived="08:55", in_prep="09:12", infusing="09:20")
    take_back_status(appointment=pia.pk, actor=DESK, now=at(MONDAY, "09:21"))
    found = running(site=clinic, day=MONDAY, now=at(MONDAY, "09:25"))
    told = found.estimates[pia.pk]
    clocks = [(f"{found.clock(one.start):%H:%M}", one.state) for one in told.phases]
    assert clocks[:3] == [("08:55", "done"), ("09:12", "now"), ("09:32", "coming")]
    assert told.delay == 2


def test_the_desk_sees_who_is_late_who_is_here_who_comes_and_who_is_done(clinic):
    names = ["Lea", "Hal", "Cleo", "Dan"]
    lea, hal, cleo, dan = (
        infusion(clinic, name, clock, phone="+16175550100")
        for name, clock in zip(names, ["09:00", "09:20", "11:30", "08:00"], strict=True)
    )
    stands(hal, arrived="09:05", in_prep="09:10")
    stands(dan, arrived="08:00", in_prep="08:05", infusing="08:10", recovering="08:20")
    stands(dan, discharged="09:00")
    page = board(signed_in(), clinic, clock="09:35")
    shown = page.context["board"]
    lists = [shown.late, shown.here, shown.coming, shown.done]
    assert [[card.pk for card in one] for one in lists] == [[lea.pk], [hal.pk], [cleo.pk], [dan.pk]]
    assert shown.late[0].missing == 35
    assert (shown.here[0].now.name, shown.here[0].over) == ("Prep", 5)
    assert b"35 min late" in page.content
    assert b"Runs over 5 min" in page.content
    assert b"tel:+16175550100" in page.content
    assert [step.value for step in shown.late[0].steps] == ["arrived", "confirmed", "no_show"]


def test_the_next_patients_nurse_is_warned_before_an_overrun_bites(clinic):
    first, second = infusion(clinic, "Pia", "09:00"), infusion(clinic, "Per", "11:30")
    into_the_chair_of(first, second)
    stands(first, arrived="09:00", in_prep="09:10", infusing="09:30")
    nurse = Staff.objects.get(pk=second.claims.filter(role=Claim.Role.NURSE)[0].resource_id)
    browser = signed_in("nurse", nurse)
    [quiet] = board(browser, clinic, "nurses", "10:00").context["lines"]
    assert quiet.warned == []
    [line] = board(browser, clinic, "nurses", "10:30").context["lines"]
    [warned] = line.warned
    room = Room.objects.get(pk=first.claims.get(role=Claim.Role.ROOM).resource_id)
    assert warned.said.startswith(f"{room.name}")
    assert "runs over 25 min: your 11:30, Per Sample, will start about 11:45" in warned.said
    assert line.mine


def test_a_nurse_sees_their_own_patients_and_a_charge_nurse_every_nurse(clinic):
    one = infusion(clinic, "Pia", "09:00")
    stands(one, arrived="09:00", in_prep="09:10")
    mine = {claim.resource_id for claim in one.claims.filter(role=Claim.Role.NURSE)}
    nurse = Staff.objects.get(pk=mine.pop())
    idle = Staff.objects.exclude(pk=nurse.pk).get(given_name__in=["Ines", "Noor"])
    [line] = board(signed_in("nurse", nurse), clinic, "nurses", "09:20").context["lines"]
    [watched] = line.now
    assert (watched.card.pk, f"{watched.until:%H:%M}") == (one.pk, "11:20")
    charge = board(signed_in("charge_nurse", idle), clinic, "nurses", "09:20")
    assert [line.pk for line in charge.context["lines"]] == [nurse.pk]
    assert charge.context["cover"].on == 8


def test_every_chair_says_who_is_in_it_and_when_it_is_free_without_a_name(clinic):
    one = infusion(clinic, "Pia", "09:00")
    stands(one, arrived="09:00", in_prep="09:10", infusing="09:30")
    room = Room.objects.get(pk=one.claims.get(role=Claim.Role.ROOM).resource_id)
    off(Room.objects.get(name="Therapy A"), MONDAY)
    page = board(signed_in(), clinic, "rooms", "10:00")
    chairs = {chair.key: chair for chair in page.context["chairs"]}
    used = chairs[f"{room.pk}-{one.claims.get(role=Claim.Role.ROOM).lane}"]
    assert (used.state, used.who, used.phase) == ("use", "P. S.", "Infuse")
    assert used.minutes == 90
    assert len(chairs) == 6
    assert sorted(chair.state for chair in chairs.values()) == ["free"] * 4 + ["out", "use"]
    assert b"Sample" not in page.content
    stands(one, recovering="10:10", discharged="11:00")
    chairs = board(signed_in("nurse"), clinic, "rooms", "11:04").context["chairs"]
    assert [(one.state, one.minutes) for one in chairs if one.state == "turnover"] == [
        ("turnover", 6)
    ]


def test_a_card_names_what_is_missing_before_preparation_and_before_they_leave(clinic):
    pia, per = infusion(clinic, "Pia", "09:00"), infusion(clinic, "Per", "11:30")
    board_of = signed_in("nurse")
    ahead = board(board_of, clinic, clock="08:50").context["board"].coming
    assert [card.open for card in ahead] == [
        ("Pregnancy test", "Estimate given", "Escort", "Consent")
    ] * 2
    set_status(appointment=pia.pk, to="arrived", actor=DESK, now=at(MONDAY, "08:50"))
    [here] = board(board_of, clinic, clock="08:51").context["board"].here
    assert {"Blood pressure", "Fasting"} <= set(here.open)
    take_back_status(appointment=pia.pk, actor=DESK, now=at(MONDAY, "08:51"))
    all_met(per, now=at(MONDAY, "08:51"))
    stands(pia, arrived="08:55", in_prep="09:00", infusing="09:10", recovering="09:50")
    page = board(board_of, clinic, clock="10:00")
    shown = page.context["board"]
    assert [card.open for card in shown.coming] == [()]
    assert [card.open for card in shown.here] == [("Back to baseline", "Escort is here")]
    assert b"Back to baseline, Escort is here" in page.content


def test_a_late_round_is_told_to_the_charge_nurse_on_every_board_until_it_is_taken(clinic):
    pia = infusion(clinic, "Pia", "09:00")
    stands(pia, arrived="09:00", in_prep="09:10", infusing="09:30")
    nurse = Staff.objects.get(pk=pia.claims.filter(role=Claim.Role.NURSE)[0].resource_id)
    charge, alone = signed_in("charge_nurse"), signed_in("nurse", nurse)
    assert board(charge, clinic, clock="09:33").context["late"] == []
    for tab in ("desk", "nurses", "rooms"):
        [late] = board(charge, clinic, tab, "09:40").context["late"]
        who = "P. S." if tab == "rooms" else "Pia Sample"
        assert late.said.startswith(f"Vitals of 09:30 not taken, 10 min late: {who}, ")
        assert late.said.endswith(f"with {nurse.name}")
        assert board(alone, clinic, tab, "09:40").context["late"] == []
    [line] = board(alone, clinic, "nurses", "09:40").context["lines"]
    assert f"{line.now[0].late:%H:%M}" == "09:30"
    record_vitals(
        appointment=pia.pk,
        key=uuid4(),
        values={"systolic": 120, "diastolic": 80, "heart_rate": 70, "spo2": 98, "sedation": 1},
        taken_at=at(MONDAY, "09:41"),
        actor=DESK,
        now=at(MONDAY, "09:41"),
    )
    assert board(charge, clinic, clock="09:42").context["late"] == []


def test_a_therapist_sees_that_a_room_is_in_use_and_not_by_whom(clinic):
    one = infusion(clinic, "Pia", "09:00")
    stands(one, arrived="09:00", in_prep="09:10")
    browser = signed_in("therapist", Staff.objects.get(given_name="Ana"))
    page = board(browser, clinic, "rooms", "09:20")
    [used] = [chair for chair in page.context["chairs"] if chair.state == "use"]
    assert (used.who, used.step, used.phase) == ("", "", "")
    assert board(browser, clinic, clock="09:20").context["board"].here == []


def test_whoever_may_not_see_names_or_care_sees_neither_nor_a_number_to_call(clinic):
    infusion(clinic, "Pia", "09:00", phone="+16175550100")
    page = board(signed_in("manager"), clinic, clock="09:20").content.decode()
    assert "P. S." in page
    for secret in ("Pia", "Infusion", "tel:"):
        assert secret not in page


def test_an_unchanged_board_answers_without_a_body_in_three_questions(
    clinic, django_assert_num_queries
):
    pia = infusion(clinic, "Pia", "09:00")
    browser = signed_in()
    for tab in ("desk", "nurses", "rooms"):
        tag = board(browser, clinic, tab, "09:00", **ASK).headers["ETag"]
        with django_assert_num_queries(3):
            again = board(browser, clinic, tab, "09:00", **ASK, **{"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert "no-store" in again.headers["Cache-Control"]
    stands(pia, arrived="09:00")
    changed = board(browser, clinic, "rooms", "09:00", **ASK, **{"If-None-Match": tag})
    assert changed.status_code == 200
    old = changed.headers["ETag"]
    later = board(browser, clinic, "rooms", "09:01", **ASK, **{"If-None-Match": old})
    assert later.status_code == 200


def test_a_tag_is_of_one_person_and_worth_nothing_once_the_right_is_gone(clinic):
    browser = signed_in()
    tag = board(browser, clinic).headers["ETag"]
    other = board(signed_in("nurse"), clinic, **ASK, **{"If-None-Match": tag})
    assert other.status_code == 200
    user = User.objects.get(username="front_desk")
    set_grants(user=user.pk, grants=[], within=None, actor=DESK, now=NOW)
    refused = board(browser, clinic, **ASK, **{"If-None-Match": tag})
    assert refused.status_code in (403, 404)
    assert Client().get(f"/sites/{clinic.pk}/live", headers=ASK).status_code == 401


def test_a_full_board_asks_as_many_questions_of_many_visits_as_of_one(
    clinic, django_assert_max_num_queries
):
    browser = signed_in("charge_nurse")
    stands(infusion(clinic, "Pia", "09:00"), arrived="09:00")
    board(browser, clinic)
    for clock in ("08:00", "11:30", "13:00", "14:30"):
        infusion(clinic, f"P{clock}", clock)
    for tab, most in (("desk", 27), ("nurses", 27), ("rooms", 23)):
        with django_assert_max_num_queries(most):
            board(browser, clinic, tab)


def test_a_step_from_the_board_is_said_and_taken_back_and_the_page_stays(clinic):
    pia = infusion(clinic, "Pia", "09:00")
    browser = signed_in()
    with time_machine.travel(at(MONDAY, "09:00"), tick=False):
        answer = browser.post(
            f"/visits/{pia.pk}/status", {"to": "arrived", "live": "1"}, headers=ASK
        )
        assert (answer.status_code, answer.content) == (204, b"")
        assert "HX-Refresh" not in answer.headers
        assert "Pia Sample" in answer.headers["HX-Trigger"]
        pia.refresh_from_db()
        assert pia.status == "arrived"
        entry = Journal.objects.filter(action="visit.status").latest("pk")
        back = browser.post("/undo", {"entry": entry.pk, "live": "1"}, headers=ASK)
    assert (back.status_code, "HX-Refresh" in back.headers) == (204, False)
    pia.refresh_from_db()
    assert pia.status == "booked"


def test_the_stamp_tells_every_row_of_the_site_or_of_none_and_not_of_another(clinic):
    def told(where) -> int:
        with transaction.atomic():
            record(actor=DESK, now=NOW, action="x", subject="x:1", site=where)
        return stamp(clinic)

    before = stamp(clinic)
    assert told(another_site("Elsewhere")) == before
    here = told(clinic)
    assert here != before
    assert told(None) not in (here, before)
