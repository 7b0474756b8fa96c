"""Calendars kept elsewhere are taken in, kept up to date and taken out; their times block."""

import logging
from datetime import time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection

from clinic.models import Journal, Staff
from clinic.sealing import CannotOpen, seal, unseal
from clinic.spans import moment
from scheduling import audit
from scheduling.errors import MoveRefused, Refused, SlotTaken
from scheduling.feeds import taking
from scheduling.feeds.busy import CalendarRefused
from scheduling.feeds.poll import Window
from scheduling.feeds.read import entry_uid
from scheduling.feeds.taking import add_address, add_file, read_again
from scheduling.models import BusyTime, Claim, ExternalCalendar, FeedEntry, ProtocolVersion
from scheduling.selectors import propose_series
from scheduling.selectors.calendars import conflicts_at, conflicts_of
from scheduling.selectors.coverage import coverage
from scheduling.services.booking import book_series
from scheduling.services.calendars import address_of, remove_calendar, take_due
from scheduling.services.floating import join_float
from scheduling.services.moving import move_visit
from scheduling.tasks import read_calendars
from tests.cast import (
    DESK,
    MONDAY,
    NEW_YORK,
    NOW,
    at,
    house,
    kare_times,
    patient,
    protocol,
    therapist,
    token,
)
from tests.feeds.corpus import calendar, event
from tests.feeds.outside import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)
TITLE = "Oncology with Doctor Sorrow"
THERAPY = kare_times()["th2"]


@pytest.fixture
def outside(settings):
    with elsewhere() as server:
        settings.PRIVATE_ADDRESSES = [server.origin.removeprefix("http://")]
        yield server


@pytest.fixture
def juniper():
    """Juniper House, where Ana is the only therapist."""
    made = house()
    Staff.objects.filter(given_name="Theo").update(active=False)
    return made


@pytest.fixture
def ana(juniper):
    return Staff.objects.get(given_name="Ana")


def busy(start, hours=1, uid="one"):
    """An event with a title, in the clinic's clock."""
    end = start + timedelta(hours=hours)
    lines = [f"DTSTART:{start.astimezone(NEW_YORK):%Y%m%dT%H%M%S}"]
    lines.append(f"DTEND:{end.astimezone(NEW_YORK):%Y%m%dT%H%M%S}")
    return event(*lines, uid=uid, summary=TITLE)


def add(who, outside, *events, **facts):
    url = outside.serve(calendar(*events), **facts)
    return add_address(staff=who.pk, address=url, label="Mine", actor=DESK, now=NOW)


def again(row, hours=1.0):
    return read_again(calendar=row.pk, clock=lambda: NOW + timedelta(hours=hours))


def book(juniper, who="Pia", clock="09:00"):
    version = ProtocolVersion.objects.first() or protocol("aud-kare")
    proposal = token(patient(who), version, juniper, kare_times(clock=clock))
    return book_series(token=proposal, actor=DESK, now=NOW)


def times_of(who):
    rows = BusyTime.objects.filter(staff=who).order_by("starts_at")
    return [(row.starts_at, row.ends_at) for row in rows]


# What is kept -----------------------------------------------------------------------------------


def test_the_times_are_kept_and_nothing_else(ana, outside, caplog):
    caplog.set_level(logging.DEBUG)
    row = add(ana, outside, busy(THERAPY))
    again(row)
    assert times_of(ana) == [(THERAPY, THERAPY + timedelta(hours=1))]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            told = str(cursor.fetchall())
            assert "Sorrow" not in told, table
            assert "secret-key" not in told, table
    assert "Sorrow" not in caplog.text
    assert "secret-key" not in caplog.text


def test_the_address_is_sealed_and_opens_with_an_older_key(ana, outside, settings):
    row = add(ana, outside, busy(THERAPY))
    assert address_of(row) == f"{outside.origin}/secret-key/basic.ics"
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    assert address_of(row) == f"{outside.origin}/secret-key/basic.ics"
    settings.SECRET_KEY_FALLBACKS = []
    assert address_of(row) == ""
    with pytest.raises(CannotOpen):
        unseal("nothing sealed")
    assert unseal(seal("ü")) == "ü"
    assert "add it anew" in again(row).problem


def test_a_webcal_address_is_asked_over_https():
    assert taking.cleaned(" webcal://cal.example/x.ics ") == "https://cal.example/x.ics"
    for plain in (
        "http://cal.example/x.ics",
        "ftp://x",
        "cal.example",
        "",
        "https://[",
        "file:///x",
    ):
        with pytest.raises(CalendarRefused, match="begins with https://"):
            taking.cleaned(plain)


def test_a_file_is_read_once_and_not_kept(ana, outside):
    row = add_file(staff=ana.pk, document=calendar(busy(THERAPY)), label="", actor=DESK, now=NOW)
    assert (row.sealed_address, row.next_read_at, row.busy_times.count()) == ("", None, 1)
    assert again(row) is None


def test_an_address_is_added_once_and_so_many_in_all(ana, outside):
    add(ana, outside, busy(THERAPY))
    with pytest.raises(ValidationError, match="added this address already"):
        add(ana, outside, busy(THERAPY))
    for n in range(9):
        add(ana, outside, busy(THERAPY), path=f"/{n}.ics")
    with pytest.raises(ValidationError, match="Remove one"):
        add(ana, outside, busy(THERAPY), path="/more.ics")


def test_what_our_own_feed_told_a_calendar_does_not_come_back(juniper, ana, outside):
    book(juniper)
    entry = FeedEntry.objects.select_related("appointment").filter(resource=ana.pk).first()
    uid = str(entry_uid(entry.appointment.uid, entry.resource_id, entry.position))
    add(ana, outside, busy(entry.starts_at, uid=uid))
    assert times_of(ana) == []


# What it does -----------------------------------------------------------------------------------


def test_a_booking_into_busy_time_is_refused_and_names_the_person(juniper, ana, outside):
    proposal = token(patient("Pia"), protocol("aud-kare"), juniper, kare_times())
    add(ana, outside, busy(THERAPY))
    with pytest.raises(SlotTaken) as refused:
        book_series(token=proposal, actor=DESK, now=NOW)
    [refusal] = refused.value.refusals
    assert refusal.rule == "clinician_is_on_duty"
    assert "Ana Example is busy in their own calendar" in refusal.message
    assert TITLE not in refusal.message


def test_proposals_keep_clear_of_busy_time(juniper, ana, outside):
    protocol("aud-kare")
    mornings = busy(at(MONDAY, "08:00"), hours=4).replace("UID", "RRULE:FREQ=DAILY\r\nUID")
    add(ana, outside, mornings)
    found = propose_series(
        patient=patient("Pia"), protocol_key="aud-kare", site=juniper, not_before=MONDAY, now=NOW
    )
    begins = [
        moment(visit.start).astimezone(NEW_YORK).hour
        for offer in found.offers
        for visit in offer.plan.visits
        if visit.step.startswith("th")
    ]
    assert begins
    assert min(begins) >= 12


def test_a_visit_is_not_moved_into_busy_time(juniper, ana, outside):
    visit = book(juniper).appointments.get(step="th2")
    add(ana, outside, busy(THERAPY + timedelta(hours=2), hours=3))
    with pytest.raises((MoveRefused, SlotTaken)) as refused:
        move_visit(
            appointment=visit.pk, starts_at=THERAPY + timedelta(hours=3), actor=DESK, now=NOW
        )
    told = " ".join(one.message for one in refused.value.refusals)
    assert "Ana Example is busy in their own calendar" in told


def test_cover_and_a_float_nurse_count_without_who_is_busy(juniper, outside):
    noon = at(MONDAY, "12:00")
    ines = Staff.objects.get(given_name="Ines")
    before = {step.starts_at: step.on for step in coverage(site=juniper, day=MONDAY, now=NOW).steps}
    add(ines, outside, busy(noon))
    after = {step.starts_at: step.on for step in coverage(site=juniper, day=MONDAY, now=NOW).steps}
    assert set(before.values()) - {0} == {8}
    assert after[noon] == 4
    other = house(name="Other House")
    with pytest.raises(Refused, match="busy in their own calendar"):
        join_float(
            site=other.pk,
            day=MONDAY,
            nurse=ines.pk,
            starts=time(11),
            ends=time(13),
            actor=DESK,
            now=NOW,
        )


def test_everybody_elses_time_can_be_booked(juniper, ana, outside):
    therapist("Tove", juniper)
    add(ana, outside, busy(THERAPY))
    assert book(juniper).appointments.count() == 11


def test_a_calendar_removed_blocks_nothing(juniper, ana, outside):
    row = add(ana, outside, busy(THERAPY))
    remove_calendar(calendar=row.pk, actor=DESK, now=NOW)
    assert times_of(ana) == []
    book(juniper)
    actions = Journal.objects.filter(subject=f"calendar:{row.pk}").values_list("action", flat=True)
    assert list(actions) == ["calendar.added", "calendar.removed"]


def test_a_visit_booked_before_stays_and_is_shown(juniper, ana, outside):
    series = book(juniper)
    visit = series.appointments.get(step="th2")
    add(ana, outside, busy(THERAPY + timedelta(minutes=30)))
    visit.refresh_from_db()
    assert visit.status == "booked"
    [conflict] = conflicts_at(juniper, now=NOW)
    assert (conflict.visit, conflict.person, conflict.role) == (visit.pk, ana, "therapist")
    assert conflict.starts_at == THERAPY + timedelta(minutes=30)
    assert conflicts_of([ana], now=THERAPY + timedelta(days=1)) == []


def test_the_audit_warns_of_a_visit_booked_before_and_minds_one_booked_after(
    juniper, ana, outside, capsys
):
    book(juniper)
    add(ana, outside, busy(THERAPY))
    found = audit.violations(now=NOW)
    assert {(one.rule, one.severity) for one in found} == {("staff_is_not_busy", "warning")}
    call_command("audit_bookings")
    assert "warning staff_is_not_busy" in capsys.readouterr().out
    BusyTime.objects.update(promised=0)
    found = audit.violations(now=NOW)
    assert {(one.rule, one.severity) for one in found} == {("staff_is_not_busy", "violation")}


def test_presence_lost_to_a_calendar_is_a_warning_too(juniper, outside):
    Staff.objects.exclude(given_name__in=["Ana", "Ines"]).filter(roles=["monitoring_nurse"]).update(
        active=False
    )
    book(juniper)
    infusion = kare_times()["inf1"]
    for name in ("Ines", "Priya"):
        who = Staff.objects.get(given_name=name)
        add(who, outside, busy(infusion, hours=3), path=f"/{name}.ics")
    found = audit.violations(now=NOW)
    assert {one.severity for one in found} == {"warning"}
    assert {"presence_is_kept", "staff_is_not_busy"} <= {one.rule for one in found}
    BusyTime.objects.update(promised=0)
    severe = {one.rule for one in audit.violations(now=NOW) if one.severity == "violation"}
    assert severe == {"presence_is_kept", "staff_is_not_busy"}


def test_a_busy_time_that_grows_keeps_what_was_promised_before(juniper, ana, outside):
    row = add(ana, outside, busy(THERAPY))
    [first] = BusyTime.objects.filter(staff=ana)
    book(juniper, clock="13:00")
    outside.serve(calendar(busy(THERAPY, hours=6)))
    again(row)
    early, late = BusyTime.objects.filter(staff=ana).order_by("starts_at")
    assert (early.pk, early.promised) == (first.pk, first.promised)
    assert late.promised > early.promised
    assert (late.starts_at, late.ends_at) == (
        THERAPY + timedelta(hours=1),
        THERAPY + timedelta(hours=6),
    )
    assert {one.severity for one in audit.violations(now=NOW)} == {"warning"}
    outside.serve(calendar(busy(THERAPY + timedelta(minutes=30), hours=1)))
    again(row, 2)
    assert times_of(ana) == [
        (THERAPY + timedelta(minutes=30), THERAPY + timedelta(hours=1)),
        (THERAPY + timedelta(hours=1), THERAPY + timedelta(hours=1, minutes=30)),
    ]


# Read again -------------------------------------------------------------------------------------


def test_an_unchanged_calendar_is_not_fetched_twice_a_day(ana, outside):
    row = add(ana, outside, busy(THERAPY), tag='"one"')
    row = again(row)
    assert outside.asked[-1][1]["if-none-match"] == '"one"'
    assert row.last_good_at == NOW + timedelta(hours=1)
    row = again(row, 48)
    assert "if-none-match" not in outside.asked[-1][1]
    assert row.covers_to == Window.around(NOW + timedelta(hours=48)).last


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (500, b"", "answers 500"),
        (404, b"", "nothing at this address"),
        (401, b"", "asks for a password"),
        (200, b"<html>Sign in</html>", "web page"),
        (200, b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT", "breaks off"),
    ],
)
def test_a_broken_calendar_keeps_its_last_good_copy_and_says_why(ana, outside, status, body, says):
    row = add(ana, outside, busy(THERAPY), tag='"one"')
    outside.status = status
    outside.serve(body, tag='"two"')
    for n in (1, 2):
        row = again(row, n)
        assert says in row.problem
        assert row.last_good_at == NOW
        assert row.failures == n
    assert row.next_read_at == NOW + timedelta(hours=2) + timedelta(minutes=60)
    assert times_of(ana) == [(THERAPY, THERAPY + timedelta(hours=1))]
    outside.status = 200
    outside.serve(calendar())
    row = again(row, 3)
    assert (row.problem, row.failures, times_of(ana)) == ("", 0, [])


def test_those_that_are_due_are_given_out_once(ana, outside):
    row = add(ana, outside, busy(THERAPY))
    assert take_due(now=NOW + timedelta(minutes=14)) == []
    later = NOW + timedelta(minutes=15)
    assert take_due(now=later) == [row.pk]
    assert take_due(now=later) == []
    Staff.objects.filter(pk=ana.pk).update(active=False)
    assert take_due(now=later + timedelta(days=1)) == []


def test_a_calendar_read_again_without_change_leaves_the_facts_remembered(ana, outside):
    row = add(ana, outside, busy(THERAPY))
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM clinic_factsrevision")
        before = cursor.fetchone()
        again(row)
        cursor.execute("SELECT number FROM clinic_factsrevision")
        assert cursor.fetchone() == before
    assert Journal.objects.filter(action="calendar.changed").count() == 0
    outside.serve(calendar(busy(THERAPY, hours=2)))
    again(row)
    assert Journal.objects.filter(action="calendar.changed").count() == 1


def test_a_calendar_removed_while_it_is_read_stays_removed(ana, outside):
    row = add(ana, outside, busy(THERAPY))

    def removed_meanwhile():
        if ExternalCalendar.objects.filter(pk=row.pk).exists():
            remove_calendar(calendar=row.pk, actor=DESK, now=NOW)
        return NOW

    assert read_again(calendar=row.pk, clock=removed_meanwhile) is None
    assert times_of(ana) == []


# Hostile ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("to-loopback", "inside a private network"),
        ("to-metadata", "inside a private network"),
        ("round-and-round", "sends on more than 3 times"),
        ("bomb", "larger than"),
        ("endless", "larger than"),
    ],
)
def test_a_hostile_server_is_refused_in_a_sentence(ana, outside, path, says):
    with pytest.raises(CalendarRefused, match=says):
        add_address(staff=ana.pk, address=f"{outside.origin}/{path}", label="", actor=DESK, now=NOW)
    assert not ExternalCalendar.objects.exists()


def test_a_server_that_never_ends_its_answer_is_left(ana, outside, monkeypatch):
    monkeypatch.setattr(taking, "LIMITS", taking.Limits(seconds=1.0))
    with pytest.raises(CalendarRefused, match="No answer within 1 seconds"):
        add_address(
            staff=ana.pk, address=f"{outside.origin}/dripping", label="", actor=DESK, now=NOW
        )


def test_an_address_inside_is_not_asked(ana, settings):
    settings.PRIVATE_ADDRESSES = []
    for inside in ("https://127.0.0.1/x.ics", "https://[::1]/x.ics", "https://localhost/x"):
        with pytest.raises(CalendarRefused):
            add_address(staff=ana.pk, address=inside, label="", actor=DESK, now=NOW)


def test_two_events_that_touch_are_kept_as_one_time(ana, outside):
    add(ana, outside, busy(at(MONDAY, "12:00")), busy(at(MONDAY, "13:00"), uid="two"))
    assert times_of(ana) == [(at(MONDAY, "12:00"), at(MONDAY, "14:00"))]


def test_the_task_sends_off_what_is_due(ana, outside, monkeypatch):
    sent = []
    monkeypatch.setattr("scheduling.tasks.read_calendar.delay", sent.append)
    row = add(ana, outside, busy(THERAPY))
    ExternalCalendar.objects.update(next_read_at=NOW - timedelta(days=400))
    assert read_calendars() == 1
    assert sent == [row.pk]


def test_a_nurse_who_turns_out_busy_stops_no_other_booking(juniper, outside):
    first = book(juniper)
    infusion = first.appointments.get(step="inf1")
    watching = Staff.objects.get(
        pk=infusion.claims.filter(role=Claim.Role.NURSE).first().resource_id
    )
    add(watching, outside, busy(kare_times()["inf1"], hours=4))
    [before] = {one.visit for one in conflicts_of([watching], now=NOW)}
    assert before == infusion.pk
    book(juniper, "Per", clock="10:30")
    assert {one.severity for one in audit.violations(now=NOW)} <= {"warning"}
    claims = infusion.claims.filter(role=Claim.Role.NURSE)
    assert claims.exists()
    later = claims.filter(resource=watching.pk).order_by("pk").first()
    assert later is None or later.pk <= BusyTime.objects.get().promised
