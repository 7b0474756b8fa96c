"""What patients are told: each event once, nothing that was undone, and nothing that reveals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from icalendar import Calendar
from kombu.pools import producers

from clinic.models import Journal
from config.celery import app
from scheduling.messaging import itip, words
from scheduling.models import Appointment, Message
from scheduling.services import delivery, messages
from scheduling.services.booking import book_series, book_visit
from scheduling.services.cancelling import cancel_series, cancel_visit
from scheduling.services.undoing import newest_undoable, undo
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token
from tests.feeds.readers import by_ical_js, by_vobject

pytestmark = pytest.mark.django_db

BY = {"actor": DESK, "now": NOW}
SOON = NOW + timedelta(minutes=3)
SENT, QUEUED, WITHDRAWN = (Message.State(state) for state in ("sent", "queued", "withdrawn"))


@pytest.fixture(autouse=True)
def spool(settings, tmp_path):
    settings.MESSAGE_SPOOL = tmp_path / "spool"
    return settings.MESSAGE_SPOOL


@pytest.fixture
def clinic():
    made = house(name="Harbour Ketamine Clinic")
    made.neutral_name, made.phone = "Main Street", "+16175550100"
    made.save()
    return made


@pytest.fixture
def pia():
    return patient("Pia", email="pia@example.com", phone="+16175550123")


@pytest.fixture
def series(clinic, pia):
    return book_series(token=token(pia, protocol(), clinic, kare_times()), **BY)


def tell(now=NOW):
    """What the clock does every minute."""
    return messages.catch_up(within=timedelta(days=1), now=now)


def send(now=SOON):
    return delivery.send_due(clock=lambda: now, dice=lambda: 0.5)


def told():
    """(kind, channel, state) of each message, oldest first."""
    rows = Message.objects.order_by("pk")
    return [(row.kind, row.channel, row.state) for row in rows]


def undo_last(subject, now=NOW):
    entry = newest_undoable(subject, actor=DESK, now=now)
    undo(entry=entry.pk, actor=DESK, now=now)


def test_a_series_is_told_in_one_message_that_reveals_nothing(series, spool):
    assert tell() == 1
    [row] = Message.objects.all()
    assert row.body.count("2026 at") + row.body.count("2027 at") == 11
    assert "Tue 8 Dec 2026 at 9:00 AM EST" in row.body
    assert "call (617) 555-0100" in row.body
    assert "Main Street" in row.body
    said = row.subject + row.body + row.calendar.replace("UID:patient-", "")
    assert words.revealing(said, ["Ketamine", "aud-kare"]) == []
    assert "Pia" not in row.subject + row.body


def test_however_often_and_from_wherever_it_is_asked_it_is_told_once(series):
    for entry in Journal.objects.all():
        messages.queue_for(entry, now=NOW)
    assert [tell(), tell(SOON), send(), send(), tell(SOON)] == [0, 0, 1, 0, 0]
    assert told() == [("booked", "email", SENT)]


def test_a_booking_undone_before_its_message_left_is_told_to_nobody(series):
    tell()
    undo_last(f"series:{series.pk}")
    assert tell() == 0
    assert send() == 0
    assert told() == [("booked", "email", WITHDRAWN)]


def test_a_booking_undone_after_its_message_left_is_told_to_be_cancelled(series):
    tell()
    send()
    undo_last(f"series:{series.pk}", now=SOON)
    tell(SOON)
    assert told()[1:] == [("cancelled", "email", QUEUED), ("cancelled", "text", QUEUED)]


def test_a_cancellation_taken_back_leaves_nothing_to_tell(series):
    tell()
    send()
    visit = series.appointments.get(step="inf3")
    cancel_visit(appointment=visit.pk, reason="patient", actor=DESK, now=SOON)
    assert tell(SOON) == 2
    undo_last(f"appointment:{visit.pk}", now=SOON)
    assert tell(SOON) == 0
    assert {state for kind, _, state in told() if kind == "cancelled"} == {WITHDRAWN}


def test_the_rest_of_a_series_is_cancelled_in_one_message_a_channel(series):
    tell()
    send()
    cancel_series(series=series.pk, reason="patient", actor=DESK, now=SOON)
    assert tell(SOON) == 2
    email = Message.objects.get(kind="cancelled", channel="email")
    assert len(email.visits) == 11
    text = Message.objects.get(kind="cancelled", channel="text")
    assert "and 10 more" in text.body


def test_a_visit_cancelled_before_its_series_was_told_is_left_out_of_it(series):
    tell()
    cancel_visit(appointment=series.appointments.get(step="inf3").pk, reason="clinic", **BY)
    tell()
    assert told() == [("booked", "email", WITHDRAWN), ("booked", "email", QUEUED)]
    assert len(Message.objects.get(state=QUEUED).visits) == 10


def test_a_visit_from_before_there_were_messages_is_told_when_it_is_cancelled(series):
    later = NOW + timedelta(days=3)
    visit = series.appointments.get(step="inf1")
    cancel_visit(appointment=visit.pk, reason="clinic", actor=DESK, now=later)
    assert tell(later) == 2
    assert {row.kind for row in Message.objects.all()} == {"cancelled"}


@pytest.fixture
def no_broker():
    """Nothing listens where the queue of tasks should be."""
    nowhere = app.connection_for_write(
        "redis://127.0.0.1:1/0", transport_options={"max_retries": 1, "interval_start": 0}
    )
    usual, app.amqp._producer_pool = app.amqp.producer_pool, producers[nowhere]
    yield
    app.amqp._producer_pool = usual


def test_a_booking_stands_while_the_queue_of_tasks_is_down_and_is_told_later(
    no_broker, clinic, pia, caplog
):
    book_series(token=token(pia, protocol(), clinic, kare_times()), **BY)
    assert "A consequence failed" in caplog.text
    assert (Appointment.objects.count(), Message.objects.count()) == (11, 0)
    assert tell(SOON) == 1


def test_what_is_over_is_told_to_nobody(clinic, pia):
    book_series(token=token(pia, protocol(), clinic, kare_times()), **BY)
    assert tell(NOW + timedelta(days=90)) == 0


def test_each_visit_has_an_invitation_that_other_programs_read(series):
    tell()
    row = Message.objects.get()
    found = itip.objects(row.calendar)
    assert [method for method, _ in found] == ["REQUEST"] * 11
    documents = [document.encode() for _, document in found]
    for document, read in zip(documents, by_ical_js(documents), strict=True):
        assert by_vobject(document) == read
        [event] = read
        visit = Appointment.objects.get(uid=event.uid.removeprefix("patient-"))
        assert (event.starts_at, event.ends_at) == (visit.starts_at, visit.ends_at)
        assert (event.summary, event.sequence) == ("Appointment, Main Street", visit.sequence)
        entry = Calendar.from_ical(document).walk("VEVENT")[0]
        assert entry["ATTENDEE"] == "mailto:pia@example.com"
        assert str(entry["ORGANIZER"]).startswith("mailto:")


def test_a_cancellation_takes_the_same_event_out_of_the_calendar(series):
    tell()
    send()
    visit = series.appointments.get(step="inf1")
    cancel_visit(appointment=visit.pk, reason="clinic", actor=DESK, now=SOON)
    tell(SOON)
    before = Message.objects.get(kind="booked").calendar
    [(method, document)] = itip.objects(Message.objects.get(calendar__contains="CANCEL").calendar)
    [event] = by_vobject(document.encode())
    assert method == "CANCEL"
    assert f"UID:{event.uid}" in before
    assert (event.sequence, event.status) == (1, "CANCELLED")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, [("booked", "email", "queued")]),
        ({"no_email": True}, [("booked", "text", "queued")]),
        ({"email": ""}, [("booked", "text", "queued")]),
        ({"email": "", "no_text": True}, [("booked", "email", "suppressed")]),
        ({"no_email": True, "phone": "none"}, [("booked", "email", "suppressed")]),
    ],
)
def test_opt_outs_are_honoured_and_who_cannot_be_reached_is_to_be_called(clinic, facts, expected):
    known = {"email": "pia@example.com", "phone": "+16175550123"} | facts
    book_visit(
        patient=patient("Pia", **known),
        site=clinic,
        version=protocol(),
        step="inf1",
        starts_at=at(MONDAY + timedelta(days=1), "09:00"),
        **BY,
    )
    tell()
    assert told() == expected
    assert all("call" in row.reason for row in Message.objects.filter(state="suppressed"))
