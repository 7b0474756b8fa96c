"""A visit moved: alone, with what must follow, never with what is done; and taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from clinic.models import Journal, Site
from scheduling.audit import violations
from scheduling.errors import MoveRefused, Refused, SlotTaken
from scheduling.models import Appointment, ProtocolVersion, Series, Status
from scheduling.planner.single import Wish
from scheduling.selectors.moves import free_starts, legal_days, preview_move
from scheduling.services.booking import book_series
from scheduling.services.moving import move_visit
from scheduling.services.undoing import newest_undoable, undo
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
D0 = MONDAY + 29 * DAY
"""Tuesday 5 January 2027, so that a day later is a day on which the clinic is open."""
OFFSETS = (-14, -5, 0, 1, 7, 8, 14, 15, 21, 28, 35)


def tuesdays(clock: str = "09:00") -> dict[str, datetime]:
    """All eleven visits of aud-kare, infusions on Tuesdays, therapy on the day after."""
    return {
        step: at(D0 + days * DAY, clock) for step, days in zip(kare_times(), OFFSETS, strict=True)
    }


def booked(name: str, clock: str = "09:00") -> Series:
    juniper = Site.objects.first() or house()
    kare = ProtocolVersion.objects.first() or protocol("aud-kare")
    proposal = token(patient(name), kare, juniper, tuesdays(clock))
    return book_series(token=proposal, actor=DESK, now=NOW)


@pytest.fixture
def series() -> Series:
    return booked("Pia")


def the(series: Series, step: str) -> Appointment:
    return series.appointments.get(step=step)


def times(series: Series) -> dict[str, datetime]:
    return {visit.step: visit.starts_at for visit in series.appointments.all()}


def move(series: Series, step: str, *, days: int = 0, hours: int = 0, **more) -> list[str]:
    visit = the(series, step)
    to = visit.starts_at + timedelta(days=days, hours=hours)
    changes = move_visit(appointment=visit.pk, starts_at=to, actor=DESK, now=NOW, **more)
    return [change.step for change in changes]


def sound() -> bool:
    return [one for one in violations(now=NOW) if one.severity == "violation"] == []


def test_a_visit_moves_alone_where_its_windows_allow(series):
    before = times(series)
    assert move(series, "th6", days=1) == ["th6"]
    assert times(series) == before | {"th6": before["th6"] + DAY}
    assert sound()


def test_an_hour_later_it_keeps_its_room_and_clinician(series):
    th2 = the(series, "th2")
    held = set(th2.claims.exclude(role="patient").values_list("resource", "role"))
    move(series, "th2", hours=1)
    assert set(th2.claims.exclude(role="patient").values_list("resource", "role")) == held
    th2.refresh_from_db()
    assert th2.sequence == 1
    assert [phase.starts_at for phase in th2.phases.all()] == [th2.starts_at]


def test_infusion_2_a_day_later_takes_along_what_must_follow_and_no_more(series):
    inf2, before = the(series, "inf2"), times(series)
    changes = preview_move(appointment=inf2.pk, starts_at=inf2.starts_at + DAY, now=NOW)
    assert times(series) == before
    moved = move(series, "inf2", days=1)
    assert moved == [change.step for change in changes]
    assert moved[0] == "inf2"
    assert set(moved) == {"inf2", "th3"}
    assert all(change.reason for change in changes[1:])
    assert sound()


def test_the_whole_cascade_is_taken_back_in_one(series):
    before = times(series)
    assert len(move(series, "inf2", days=1)) > 1
    entry = newest_undoable(f"appointment:{the(series, 'inf2').pk}", actor=DESK, now=NOW)
    undo(entry=entry.pk, actor=DESK, now=NOW)
    assert times(series) == before
    assert sound()


def test_outside_its_window_it_is_refused_with_the_nearest_day_that_works(series):
    inf2, before = the(series, "inf2"), times(series)
    with pytest.raises(MoveRefused) as refused:
        move(series, "inf2", days=3)
    first = refused.value.refusals[0]
    assert first.rule == "window_is_kept"
    assert refused.value.nearest == inf2.starts_at + DAY
    assert f"{refused.value.nearest:%a} {refused.value.nearest.day}" in first.message
    assert times(series) == before


def test_alone_it_does_not_drag_others_along(series):
    with pytest.raises(MoveRefused):
        move(series, "inf2", days=1, cascade=False)


def test_what_has_begun_stays(series):
    Appointment.objects.filter(series=series, step="inf2").update(status=Status.DISCHARGED)
    with pytest.raises(Refused) as refused:
        move(series, "inf2", days=1)
    assert refused.value.refusals[0].rule == "visit_is_ahead"


def test_what_was_done_before_is_never_moved_along(series):
    Appointment.objects.filter(series=series, step="th1").update(status=Status.DISCHARGED)
    before = times(series)
    assert "th1" not in move(series, "inf1", days=1)
    assert times(series)["th1"] == before["th1"]
    assert sound()


def test_the_day_of_the_first_infusion_is_the_new_day_0(series):
    move(series, "inf1", days=1)
    series.refresh_from_db()
    assert series.d0 == the(series, "inf1").starts_at.date()


def test_a_place_that_somebody_has_is_refused_as_taken(series):
    other = booked("Per", "13:00")
    room = the(other, "th2").claims.get(role="room").resource_id
    th2 = the(series, "th2")
    with pytest.raises(SlotTaken):
        move_visit(
            appointment=th2.pk,
            starts_at=the(other, "th2").starts_at,
            wish=Wish(room=room),
            actor=DESK,
            now=NOW,
        )
    assert the(series, "th2").starts_at == th2.starts_at


def test_across_the_clock_change_nine_stays_nine():
    """Clocks in New York go back on Sunday 7 November 2027."""
    juniper, kare = house(), protocol("aud-kare")
    monday = MONDAY + timedelta(days=7 * 45)
    now = at(monday - timedelta(days=14), "07:00")
    pia = book_series(
        token=token(patient("Pia"), kare, juniper, kare_times(monday), now=now), actor=DESK, now=now
    )
    th = pia.appointments.filter(starts_at__lt=at(monday + timedelta(days=25), "00:00")).last()
    days = legal_days(appointment=th.pk, now=now)
    clocks = {day.time() for day in days}
    assert clocks == {th.starts_at.astimezone(juniper.zone).time()}
    assert {day.utcoffset() for day in days} == {
        day.astimezone(juniper.zone).utcoffset() for day in days
    }


def test_legal_days_are_those_at_which_a_move_succeeds(series):
    inf2 = the(series, "inf2")
    days = legal_days(appointment=inf2.pk, now=NOW)
    assert inf2.starts_at in days
    for day in days:
        preview_move(appointment=inf2.pk, starts_at=day, now=NOW)
    dates = {day.date() for day in days}
    assert max(dates) - min(dates) == 2 * DAY


def test_free_starts_of_a_day_leave_out_what_is_taken(series):
    th2 = the(series, "th2")
    starts = free_starts(appointment=th2.pk, day=th2.starts_at.date(), now=NOW)
    assert th2.starts_at in starts
    assert min(starts).time() >= at(MONDAY, "08:00").time()


def test_breaking_a_rule_on_purpose_is_in_the_journal_and_a_warning_of_the_audit(series):
    moved = move(series, "inf2", days=4, override="The patient travels; agreed with Dr Prior")
    assert moved == ["inf2"]
    told = Journal.objects.filter(
        action="override", subject=f"appointment:{the(series, 'inf2').pk}"
    )
    assert "window_is_kept" in told.get().after["rules"]
    assert told.get().after["reason"] == "The patient travels; agreed with Dr Prior"
    assert sound()
    assert any(one.rule == "window_is_kept" for one in violations(now=NOW))


def test_no_reason_sets_aside_what_somebody_else_holds(series):
    th2 = the(booked("Per", "13:00"), "th2")
    wish = Wish(room=th2.claims.get(role="room").resource_id)
    with pytest.raises(SlotTaken):
        move_visit(
            appointment=the(series, "th2").pk,
            starts_at=th2.starts_at,
            wish=wish,
            override="I want it",
            actor=DESK,
            now=NOW,
        )
    assert not Journal.objects.filter(action="override").exists()
