"""Follow-ups: due as visits are over, told when they open, booked, done, and due again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic.models import Journal, Site
from scheduling.audit import violations
from scheduling.models import Appointment, FollowUp, Series, Status
from scheduling.selectors import propose_series
from scheduling.selectors.follow_ups import count_stands, follow_ups, places_for
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_series, cancel_visit
from scheduling.services.follow_ups import (
    NotDue,
    announce_follow_ups,
    book_follow_up_series,
    book_follow_up_visit,
    finish_follow_up,
    refresh_changed,
    refresh_follow_ups,
    reopen_follow_up,
)
from scheduling.tokens import link_secret, secret_hash
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def series() -> Series:
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    return book_series(token=token(pia, kare, juniper, kare_times()), actor=DESK, now=NOW)


def over(series: Series, *steps: str) -> None:
    """These visits are discharged."""
    series.appointments.filter(
        step__in=steps or [v.step for v in series.appointments.all()]
    ).update(status=Status.DISCHARGED)
    refresh_follow_ups(series=series.pk, now=NOW)


def due(series: Series) -> list[str]:
    return [row.name for row in FollowUp.objects.filter(series=series, state="due")]


def test_the_tasks_of_a_booking_are_due_within_a_minute_of_it(series):
    refresh_changed(within=timedelta(minutes=5), now=NOW + timedelta(seconds=50))
    assert due(series) == ["Check benefits", "Call before the first visit"]


def test_the_first_infusion_over_makes_the_follow_ups_due_in_their_windows(series):
    over(series, "inf1")
    months = FollowUp.objects.get(series=series, name="Follow-up at 3 months")
    day = series.appointments.get(step="inf1").starts_at.date()
    assert (months.due_on - day, months.opens_on - day) == (91 * DAY, 77 * DAY)
    assert months.kind == "questionnaire"
    assert "craving" in months.measures


def test_asking_again_changes_nothing(series):
    over(series, "inf1")
    before = list(FollowUp.objects.values())
    assert refresh_follow_ups(series=series.pk, now=NOW + DAY) == 0
    assert list(FollowUp.objects.values()) == before


def test_a_cancelled_series_leaves_nothing_to_prepare(series):
    over(series, "screening")
    cancel_series(series=series.pk, reason="moved away", actor=DESK, now=NOW)
    assert due(series) == []


def test_overdue_come_first_by_the_date_of_the_site(series):
    over(series, "inf1")
    late = series.d0 + 110 * DAY
    at = NOW + (late - NOW.date())
    rows = list(follow_ups([series.site], now=at))
    assert [row.overdue for row in rows] == sorted((row.overdue for row in rows), reverse=True)
    counts = count_stands(follow_ups([series.site], now=at), late)
    assert counts["overdue"] == 3
    assert counts["coming"] == 1


def test_what_opens_is_told_once_and_only_the_hash_of_its_link_is_kept(series):
    refresh_follow_ups(series=series.pk, now=NOW)
    assert announce_follow_ups(now=NOW) == 1
    assert announce_follow_ups(now=NOW) == 0
    told = Journal.objects.get(action="follow_up.due")
    row = FollowUp.objects.get(kind="telephone")
    assert told.subject == f"follow_up:{row.pk}"
    assert row.secret_hash == secret_hash(link_secret("follow_up", row.pk))


def test_a_call_made_is_done_and_can_be_taken_back(series):
    refresh_follow_ups(series=series.pk, now=NOW)
    call = FollowUp.objects.get(kind="telephone")
    finish_follow_up(follow_up=call.pk, note="Well, no questions.", actor=DESK, now=NOW)
    with pytest.raises(NotDue):
        finish_follow_up(follow_up=call.pk, actor=DESK, now=NOW)
    reopen_follow_up(follow_up=call.pk, actor=DESK, now=NOW)
    call.refresh_from_db()
    assert (call.state, call.done_at) == ("due", None)


@pytest.fixture
def ended() -> FollowUp:
    """The last of six infusions for depression is over; a booster is due in its window."""
    for key in ("maintenance", "depression-induction"):
        protocol(key)
    juniper = house()
    found = propose_series(
        patient=patient("Pia"),
        protocol_key="depression-induction",
        site=juniper,
        not_before=NOW.date(),
        now=NOW,
    )
    series = book_series(token=found.offers[0].token, actor=DESK, now=NOW)
    over(series)
    return FollowUp.objects.get(series=series, key="continues")


def later(row: FollowUp) -> object:
    return NOW + (row.opens_on - NOW.date())


def test_a_booster_is_proposed_when_its_window_opens_and_booked_in_one_step(ended):
    now = later(ended)
    place = places_for(ended, now=now)[0]
    kind, _, value = place.value.partition(".")
    assert kind == "series"
    series = book_follow_up_series(follow_up=ended.pk, token=value, actor=DESK, now=now)
    ended.refresh_from_db()
    assert (ended.state, ended.appointment.series) == ("booked", series)
    day = ended.appointment.starts_at.date()
    assert ended.opens_on <= day <= ended.closes_on
    assert series.completed == {"previous_infusion": ended.after.starts_at.date().isoformat()}
    assert [found for found in violations(now=now) if found.severity == "violation"] == []


def test_when_its_visit_is_cancelled_it_is_due_again(ended):
    now = later(ended)
    value = places_for(ended, now=now)[0].value.partition(".")[2]
    series = book_follow_up_series(follow_up=ended.pk, token=value, actor=DESK, now=now)
    [visit] = series.appointments.all()
    cancel_visit(appointment=visit.pk, reason="ill", actor=DESK, now=now)
    ended.refresh_from_db()
    assert (ended.state, ended.appointment) == ("due", None)


def test_a_measure_can_be_taken_at_a_visit_booked_for_it(series):
    over(series, "inf1")
    row = FollowUp.objects.select_related("site").get(name="Follow-up at 3 months")
    now = NOW + (row.opens_on - NOW.date())
    place = places_for(row, now=now)[0]
    assert place.value.startswith("visit.")
    visit = book_follow_up_visit(
        follow_up=row.pk,
        version=row.protocol_version,
        step=place.value.split(".")[2],
        starts_at=place.starts_at,
        actor=DESK,
        now=now,
    )
    row.refresh_from_db()
    assert row.appointment == visit
    assert row.opens_on <= place.starts_at.date() <= row.closes_on
    with pytest.raises(NotDue):
        book_follow_up_visit(
            follow_up=row.pk,
            version=row.protocol_version,
            step=visit.step,
            starts_at=place.starts_at + DAY,
            actor=DESK,
            now=now,
        )
    assert Appointment.objects.filter(series=None).count() == 1


def test_of_two_sites_each_has_its_own(series):
    refresh_follow_ups(series=series.pk, now=NOW)
    other: Site = house(name="Elder House")
    assert list(follow_ups([other], now=NOW)) == []
