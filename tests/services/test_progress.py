"""Where a visit stands: one way through, timed, taken back soon; a no-show frees its place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduling.audit import violations
from scheduling.errors import Refused
from scheduling.models import Appointment, Claim, Series, StatusChange
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.progress import set_status, take_back_status
from tests.cast import DESK, NOW, all_met, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def series() -> Series:
    return book_series(
        token=token(patient("Pia"), protocol("aud-kare"), house(), kare_times()),
        actor=DESK,
        now=NOW,
    )


def the(series: Series, step: str) -> Appointment:
    return series.appointments.get(step=step)


def go(visit: Appointment, *steps: str, late: timedelta = timedelta()) -> Appointment:
    """A step every twenty minutes, an hour to recover, and all that is asked of it so."""
    for number, to in enumerate(steps):
        now = visit.starts_at + late + number * 20 * MINUTE
        if to == "discharged" and "recovering" in steps:
            now += 40 * MINUTE
        if to in ("in_prep", "discharged"):
            all_met(visit, now=now, leaving=to == "discharged")
        visit = set_status(appointment=visit.pk, to=to, actor=DESK, now=now)
    return visit


def test_an_infusion_goes_from_arrival_to_discharge_and_each_step_is_timed(series):
    inf1 = the(series, "inf1")
    go(inf1, "arrived", "in_prep", "infusing", "recovering", "discharged")
    timed = StatusChange.objects.filter(appointment=inf1)
    apart = [change.at - inf1.starts_at for change in timed]
    assert apart == [n * 20 * MINUTE for n in (0, 1, 2, 3, 6)]
    assert the(series, "inf1").status == "discharged"


def test_therapy_is_a_session_and_no_infusion(series):
    th1 = go(the(series, "th1"), "arrived")
    with pytest.raises(Refused) as refused:
        set_status(appointment=th1.pk, to="in_prep", actor=DESK, now=th1.starts_at)
    assert "it can become in session" in str(refused.value)
    assert go(th1, "in_session", "discharged", late=MINUTE).status == "discharged"


def test_nobody_arrives_before_the_day_nor_in_time_to_come(series):
    inf1 = the(series, "inf1")
    with pytest.raises(Refused, match="has not come yet"):
        set_status(appointment=inf1.pk, to="arrived", actor=DESK, now=NOW)
    now = inf1.starts_at
    with pytest.raises(Refused, match="still to come"):
        set_status(appointment=inf1.pk, to="arrived", at=now + 5 * MINUTE, actor=DESK, now=now)


def test_a_step_cannot_be_before_the_one_before_it(series):
    inf1 = go(the(series, "inf1"), "arrived")
    with pytest.raises(Refused, match="later than that"):
        set_status(
            appointment=inf1.pk,
            to="in_prep",
            at=inf1.starts_at - 5 * MINUTE,
            actor=DESK,
            now=inf1.starts_at,
        )


def test_a_step_is_taken_back_within_a_quarter_of_an_hour(series):
    inf1 = go(the(series, "inf1"), "arrived", "in_prep")
    now = inf1.starts_at + 25 * MINUTE
    assert take_back_status(appointment=inf1.pk, actor=DESK, now=now).status == "arrived"
    with pytest.raises(Refused):
        take_back_status(appointment=inf1.pk, actor=DESK, now=now + 60 * MINUTE)
    assert StatusChange.objects.filter(taken_back=True).count() == 1


def test_a_no_show_only_after_the_start_and_then_it_holds_nothing(series):
    th1 = the(series, "th1")
    with pytest.raises(Refused, match="cancel it instead"):
        set_status(appointment=th1.pk, to="no_show", actor=DESK, now=th1.starts_at - MINUTE)
    now = th1.starts_at + 20 * MINUTE
    set_status(appointment=th1.pk, to="no_show", actor=DESK, now=now)
    assert not Claim.objects.filter(appointment=th1).exists()
    assert [one for one in violations(now=now) if one.severity == "violation"] == []


def test_the_last_discharge_completes_the_series_and_taking_it_back_reopens_it(series):
    series.appointments.exclude(step="th7").update(status="discharged")
    th7 = go(the(series, "th7"), "arrived", "in_session", "discharged")
    series.refresh_from_db()
    assert series.status == "completed"
    take_back_status(appointment=th7.pk, actor=DESK, now=th7.starts_at + 41 * MINUTE)
    series.refresh_from_db()
    assert series.status == "active"


@pytest.mark.parametrize(
    ("kind", "hours", "late"),
    [("patient", 5, True), ("patient", 30, False), ("clinic", 5, False), ("weather", 5, False)],
)
def test_a_patient_who_cancels_with_little_notice_is_late(series, kind, hours, late):
    inf1 = the(series, "inf1")
    cancelled = cancel_visit(
        appointment=inf1.pk,
        reason="flu",
        kind=kind,
        actor=DESK,
        now=inf1.starts_at - timedelta(hours=hours),
    )
    assert (cancelled.cancel_kind, cancelled.late_cancel) == (kind, late)


def test_the_desk_may_say_that_it_was_not_late(series):
    inf1 = the(series, "inf1")
    cancelled = cancel_visit(
        appointment=inf1.pk,
        reason="snowed in",
        kind="patient",
        late=False,
        actor=DESK,
        now=inf1.starts_at - timedelta(hours=1),
    )
    assert not cancelled.late_cancel
