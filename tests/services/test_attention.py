import pytest

from clinic.models import Journal, Patient
from scheduling.audit import violations
from scheduling.errors import Refused
from scheduling.models import Claim, FeedEntry, ProtocolVersion
from scheduling.services.attention import correct_patient
from scheduling.services.booking import book_series
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    off,
    patient,
    protocol,
    token,
)

pytestmark = pytest.mark.django_db


def booked(who, where):
    """Three infusions and seven therapies for somebody."""
    proposal = token(who, protocol("aud-kare"), where, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def lanes(series, step: str = "inf1") -> list[int]:
    """How many nurse lanes a visit takes through its monitored phases, most to least."""
    claims = series.appointments.get(step=step).claims.filter(role=Claim.Role.NURSE)
    starts = sorted({claim.start_minute for claim in claims} | {c.end_minute for c in claims})
    return [
        len([c for c in claims if c.start_minute <= start < c.end_minute]) for start in starts[:-1]
    ]


def infusion(who, where, clock: str):
    """One infusion on Tuesday."""
    version = ProtocolVersion.objects.first() or protocol("maintenance")
    proposal = token(who, version, where, {"inf1": at(days_after(MONDAY, 1), clock)})
    return book_series(token=proposal, actor=DESK, now=NOW)


def correct(who, **changes) -> Patient:
    return correct_patient(patient=who.pk, actor=DESK, now=NOW, **changes)


def test_a_higher_acuity_takes_more_of_a_nurse_in_visits_already_booked():
    pia = patient("Pia")
    series = booked(pia, house())
    assert lanes(series) == [4, 2, 1]
    correct(pia, acuity=4)
    assert lanes(series) == lanes(series, "inf3") == [4, 2]
    correct(pia, acuity=6)
    assert lanes(series) == [4]
    assert violations(now=NOW) == []


def test_an_acuity_that_asks_for_no_more_changes_no_nurse():
    pia = patient("Pia", acuity=1)
    booked(pia, house())
    before = set(Claim.objects.values_list("pk", flat=True))
    correct(pia, acuity=3)
    assert set(Claim.objects.values_list("pk", flat=True)) == before


def test_a_lower_acuity_gives_attention_back():
    pia = patient("Pia", acuity=6)
    series = booked(pia, house())
    correct(pia, acuity=1)
    assert lanes(series) == [4, 2, 1]
    assert violations(now=NOW) == []


def test_visits_begun_or_over_stay_as_they_are():
    pia = patient("Pia")
    series = booked(pia, house())
    series.appointments.filter(step="inf1").update(status="infusing")
    correct(pia, acuity=6)
    assert lanes(series, "inf1") == [4, 2, 1]
    assert lanes(series, "inf2") == [4]


def test_an_acuity_that_nobody_can_watch_is_refused_and_nothing_is_saved():
    clinic, pia = house(), patient("Pia")
    mine = infusion(pia, clinic, "09:00")
    others = [infusion(patient("Per"), clinic, "09:00"), infusion(patient("Paz"), clinic, "10:10")]
    with pytest.raises(Refused) as refused:
        correct(pia, acuity=6, phone="+12125550123")
    [refusal] = refused.value.refusals
    assert refusal.rule == "nurse_cover_is_kept"
    assert "acuity 6" in refusal.message
    pia.refresh_from_db()
    assert (pia.acuity, pia.phone) == (1, "")
    assert [lanes(series) for series in (mine, *others)] == [[4, 2, 1]] * 3
    assert not Journal.objects.filter(action="patient.corrected").exists()


def test_others_are_moved_to_another_nurse_where_that_makes_room():
    clinic, pia = house(), patient("Pia")
    mine = infusion(pia, clinic, "09:00")
    infusion(patient("Paz"), clinic, "10:10")
    correct(pia, acuity=6)
    assert lanes(mine) == [4]
    assert violations(now=NOW) == []


def test_what_does_not_touch_acuity_leaves_the_claims_alone():
    pia = patient("Pia")
    booked(pia, house())
    before = set(Claim.objects.values_list("pk", flat=True))
    correct(pia, phone="+12125550123", acuity=1)
    assert set(Claim.objects.values_list("pk", flat=True)) == before


def test_calendars_follow_when_another_nurse_takes_over():
    clinic = house()
    pia = patient("Pia")
    series = booked(pia, clinic)
    visit = series.appointments.get(step="inf1")
    watching = set(visit.claims.filter(role="monitoring_nurse").values_list("resource", flat=True))
    for person in clinic.staff.filter(pk__in=watching):
        off(person, visit.starts_at.date())
    correct(pia, acuity=6)
    now_watching = visit.claims.filter(role="monitoring_nurse").values_list("resource", flat=True)
    assert not watching & set(now_watching)
    told = FeedEntry.objects.filter(appointment=visit, cancelled=False)
    assert set(now_watching) <= set(told.values_list("resource", flat=True))
    assert not watching & set(told.values_list("resource", flat=True))
