"""Time off: asked for, approved over no booked visit, declined with a word, withdrawn."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import Absence, Journal, Staff, TimeOff
from clinic.selectors import duties, range_of
from clinic.spans import intersect
from scheduling.errors import WouldBreakVisits
from scheduling.models import Appointment
from scheduling.services import time_off
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.time_off import AlreadyAnswered
from scheduling.services.undoing import NotUndoable, newest_undoable, undo
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    patient,
    protocol,
    token,
)

pytestmark = pytest.mark.django_db
BY = {"actor": DESK, "now": NOW}


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def theo(clinic):
    return Staff.objects.get(given_name="Theo")


def asks(who, first=MONDAY, days=1, **facts):
    first = days_after(first, 1)
    span = {"starts_at": at(first, "00:00"), "ends_at": at(days_after(first, days), "00:00")}
    return time_off.ask_time_off(staff=who.pk, **(span | facts), **BY)


def minutes_on(who, clinic, day):
    duty = next(duty for duty in duties(clinic, day, day) if duty.staff == who)
    return sum(end - start for start, end in intersect(duty.spans, [range_of(clinic, day, day)]))


def test_a_request_blocks_nothing_until_it_is_approved(theo, clinic):
    request = asks(theo)
    tuesday = days_after(MONDAY, 1)
    assert minutes_on(theo, clinic, tuesday) == 600
    time_off.approve_time_off(time_off=request.pk, answer="Enjoy it", **BY)
    assert minutes_on(theo, clinic, tuesday) == 0
    request.refresh_from_db()
    assert (request.state, request.answer, request.decided_by, request.decided_at) == (
        "approved",
        "Enjoy it",
        DESK.name,
        NOW,
    )


def test_withdrawn_after_approval_the_person_works_again(theo, clinic):
    request = asks(theo)
    time_off.approve_time_off(time_off=request.pk, **BY)
    time_off.withdraw_time_off(time_off=request.pk, **BY)
    assert not Absence.objects.exists()
    assert minutes_on(theo, clinic, days_after(MONDAY, 1)) == 600
    request.refresh_from_db()
    assert (request.state, request.absence) == ("withdrawn", None)


def test_time_off_is_neither_given_nor_taken_by_an_undo(theo):
    request = asks(theo)
    time_off.approve_time_off(time_off=request.pk, **BY)
    approved = Journal.objects.get(action="absence.added")
    with pytest.raises(NotUndoable):
        undo(entry=approved.pk, **BY)
    time_off.withdraw_time_off(time_off=request.pk, **BY)
    removed = Journal.objects.get(action="absence.removed")
    assert newest_undoable(removed.subject, **BY) is None
    with pytest.raises(NotUndoable):
        undo(entry=removed.pk, **BY)
    assert not Absence.objects.exists()


def test_approval_is_refused_while_a_visit_needs_the_person_and_given_when_it_is_cancelled(clinic):
    proposal = token(patient(), protocol("aud-kare"), clinic, kare_times())
    series = book_series(token=proposal, actor=DESK, now=NOW)
    visit = series.appointments.get(step="th1")
    request = asks(series.therapist, first=days_after(visit.starts_at.date(), -1))
    with pytest.raises(WouldBreakVisits) as refused:
        time_off.approve_time_off(time_off=request.pk, **BY)
    assert {pk for pk, _ in refused.value.breaks} == {visit.pk}
    request.refresh_from_db()
    assert (request.state, Absence.objects.count()) == ("asked", 0)
    cancel_visit(appointment=visit.pk, reason="clinic", **BY)
    assert time_off.approve_time_off(time_off=request.pk, **BY).absence is not None
    assert Appointment.objects.get(pk=visit.pk).status == "cancelled"


def test_a_request_is_declined_with_a_word_and_answered_once(theo):
    request = asks(theo)
    with pytest.raises(ValidationError) as wordless:
        time_off.decline_time_off(time_off=request.pk, answer="  ", **BY)
    assert list(wordless.value.message_dict) == ["answer"]
    time_off.decline_time_off(time_off=request.pk, answer="Two of three are off", **BY)
    for again in (time_off.approve_time_off, time_off.withdraw_time_off):
        with pytest.raises(AlreadyAnswered) as late:
            again(time_off=request.pk, **BY)
        assert "declined already" in str(late.value)


def test_a_request_is_to_come_has_a_length_and_meets_no_other_of_that_person(theo, clinic):
    asks(theo, days=3)
    for facts, field in (
        ({"days": 1}, "first"),
        ({"starts_at": NOW - timedelta(days=2), "ends_at": NOW}, "first"),
        ({"starts_at": at(MONDAY, "12:00"), "ends_at": at(MONDAY, "12:00")}, "last"),
        ({"days": 1, "first": days_after(MONDAY, 30), "reason": "x" * 201}, "reason"),
    ):
        with pytest.raises(ValidationError) as wrong:
            asks(theo, **facts)
        assert list(wrong.value.message_dict) == [field]
    asks(Staff.objects.get(given_name="Ana"))
    assert TimeOff.objects.count() == 2


def test_time_off_is_entered_for_somebody_in_one_step(theo, clinic):
    day = days_after(MONDAY, 1)
    given = time_off.give_time_off(
        staff=theo.pk, starts_at=at(day, "12:00"), ends_at=at(day, "18:00"), reason="Course", **BY
    )
    assert (given.state, minutes_on(theo, clinic, day)) == ("approved", 240)


def test_why_somebody_is_off_is_in_no_journal_and_no_absence(theo):
    request = asks(theo, reason="A scan at the hospital")
    time_off.approve_time_off(time_off=request.pk, **BY)
    told = [(entry.action, entry.after, entry.before) for entry in Journal.objects.order_by("pk")]
    assert [action for action, *_ in told] == [
        "time_off.asked",
        "absence.added",
        "time_off.approved",
    ]
    assert "hospital" not in str(told)
    assert Absence.objects.get().reason == "Time off"


def test_what_is_over_is_neither_decided_nor_withdrawn(theo):
    request = asks(theo)
    later = NOW + timedelta(days=9)
    for late in (time_off.approve_time_off, time_off.withdraw_time_off):
        with pytest.raises(AlreadyAnswered):
            late(time_off=request.pk, actor=DESK, now=later)
