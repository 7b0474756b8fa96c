"""What the board, a patient's timeline and a week are made of."""

from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client

from api.desk.standing import standing
from api.desk.timeline import timeline
from api.desk.week import Block, side_by_side
from clinic.models import Grant, User
from scheduling.models import ProtocolVersion, Status
from scheduling.selectors import series_view
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token

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
    version = ProtocolVersion.objects.get()
    proposal = token(patient(name), version, clinic, kare_times(clock=clock))
    return book_series(token=proposal, actor=DESK, now=NOW)


def signed_in(role: str = "front_desk") -> Client:
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def test_the_board_asks_no_more_however_full_the_day(clinic, django_assert_max_num_queries):
    browser = signed_in()
    path = f"/sites/{clinic.pk}/day/{INFUSION_DAY}"
    browser.get(path)
    for clock in ("09:00", "12:00", "15:00"):
        series_of(f"Pia {clock}", clinic, clock)
    with django_assert_max_num_queries(18):
        page = browser.get(path)
    assert page.content.count(b'class="entry ') == 3


def test_an_unchanged_day_is_not_sent_again(clinic):
    series_of("Pia", clinic)
    browser = signed_in()
    live = f"/sites/{clinic.pk}/day/{INFUSION_DAY}/live"
    tag = browser.get(live).headers["ETag"]
    assert browser.get(live, headers={"If-None-Match": tag}).status_code == 304
    series_of("Per", clinic, "13:00")
    assert b"Per Sample" in browser.get(live, headers={"If-None-Match": tag}).content


def test_a_part_asked_for_after_signing_out_is_refused_and_not_a_page(clinic):
    live = f"/sites/{clinic.pk}/day/{INFUSION_DAY}/live"
    assert Client().get(live, headers={"HX-Request": "true"}).status_code == 401
    assert Client().get(live).status_code == 302


def test_a_window_nearly_closed_is_marked(clinic):
    series_of("Pia", clinic)
    page = signed_in().get(f"/sites/{clinic.pk}/day/{INFUSION_DAY + timedelta(days=1)}")
    [entry] = page.context["sheet"].entries
    assert (entry.step, entry.closes) == ("Therapy 2 of 7", "1 day left")
    assert (entry.before.step, entry.after.step) == ("Infusion 1", "Infusion 2")


def test_nothing_that_names_the_treatment_reaches_who_may_not_see_care(clinic):
    series_of("Pia", clinic)
    page = signed_in("biller").get(f"/sites/{clinic.pk}/day/{INFUSION_DAY}").content.decode()
    listed = page[page.index('id="arrivals"') :]
    for word in ("Sample", "Infusion", "INF", "Infuse", "Therapy 2"):
        assert word not in listed


def test_the_next_the_missing_and_the_done_are_told_apart(clinic):
    series = series_of("Pia", clinic)
    first = series.appointments.get(step="screening")
    first.status = Status.DISCHARGED
    first.save()
    gone = series.appointments.get(step="th3")
    cancel_visit(appointment=gone.pk, reason="patient", actor=DESK, now=NOW)
    stands = standing(series, list(series.appointments.order_by("starts_at")), NOW)
    assert (stands.done, stands.total) == (1, 11)
    assert stands.next.name == "Therapy 1"
    assert [point.name for point in stands.missing] == ["Therapy 3"]
    assert stands.missing[0].said == "cancelled, its window closes Sat 26 Dec"


def test_a_visit_without_a_nurse_is_at_risk(clinic):
    series = series_of("Pia", clinic)
    bare = series.appointments.get(step="inf2")
    bare.status = Status.UNCOVERED
    bare.save()
    stands = standing(series, list(series.appointments.order_by("starts_at")), NOW)
    assert [(point.name, point.said) for point in stands.serious] == [
        ("Infusion 2", "no nurse covers it")
    ]


def test_the_timeline_is_in_order_and_inside_its_frame(clinic):
    line = timeline(series_view(series_of("Pia", clinic)), MONDAY)
    dots = [row.dot.x for row in line.rows if row.dot]
    assert len(dots) == 11
    assert dots == sorted(dots)
    assert all(0 <= row.bar.x <= row.bar.x + row.bar.width <= 100.5 for row in line.rows if row.bar)
    assert [row.name for row in line.rows[-2:]] == [
        "Follow-up at 3 months",
        "Follow-up at 6 months",
    ]
    assert all(row.bar.x > line.split - 5 for row in line.rows[-2:])


def block(start: str, end: str) -> Block:
    return Block(None, "Juniper House", at(MONDAY, start), at(MONDAY, end))


def test_overlapping_visits_share_the_width_and_others_have_all_of_it():
    blocks = [block("09:00", "11:00"), block("10:00", "12:00"), block("13:00", "14:00")]
    placed = [(one.lane, one.lanes, one.width) for one in side_by_side(blocks, low=8)]
    assert placed == [(0, 2, 50.0), (1, 2, 50.0), (0, 1, 100.0)]


def test_a_lane_is_used_again_once_it_is_free():
    blocks = [block("09:00", "12:00"), block("09:00", "10:00"), block("10:00", "11:00")]
    placed = sorted((f"{one.starts:%H:%M}", one.lane) for one in side_by_side(blocks, low=8))
    assert placed == [("09:00", 0), ("09:00", 1), ("10:00", 0)]
