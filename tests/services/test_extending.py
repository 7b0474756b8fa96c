"""A series goes on after its last step: by its extension, all that is asked or none."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from clinic.models import Site
from scheduling.audit import violations
from scheduling.errors import Refused
from scheduling.models import Claim, Series
from scheduling.selectors import propose_series, series_view
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.extending import extend_series
from scheduling.services.moving import move_visit
from scheduling.services.undoing import newest_undoable, undo
from tests.cast import DESK, MONDAY, NOW, house, patient, protocol

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def series() -> Series:
    site = house()
    version = protocol("esketamine-rems")
    found = propose_series(
        patient=patient("Pia"),
        protocol_key=version.protocol.key,
        site=site,
        not_before=MONDAY + DAY,
        now=NOW,
    )
    return book_series(token=found.offers[0].token, actor=DESK, now=NOW)


def steps(series: Series) -> list[str]:
    return [visit.step for visit in series.appointments.order_by("starts_at")]


def wrong() -> list[str]:
    return [one.message for one in violations(now=NOW) if one.severity == "violation"]


def test_visits_follow_a_week_apart_at_the_same_time_under_the_next_numbers(series):
    made = extend_series(series=series.pk, visits=3, actor=DESK, now=NOW)
    assert [visit.step for visit in made] == ["visit13", "visit14", "visit15"]
    last = series.appointments.get(step="visit12")
    zone = Site.objects.get().zone
    clocks = {visit.starts_at.astimezone(zone).time() for visit in (last, *made)}
    assert len(clocks) == 1
    days = [visit.starts_at.astimezone(zone).date() for visit in (last, *made)]
    assert [(b - a).days for a, b in pairwise(days)] == [7, 7, 7]
    assert wrong() == []
    seen = series_view(series).steps
    assert [step.name for step in seen[-3:]] == ["Visit 13", "Visit 14", "Visit 15"]
    assert all(step.visit for step in seen)


def test_one_that_was_extended_moves_within_its_window_and_no_further(series):
    [one] = extend_series(series=series.pk, actor=DESK, now=NOW)
    move_visit(appointment=one.pk, starts_at=one.starts_at + DAY, actor=DESK, now=NOW)
    with pytest.raises(Refused) as no:
        move_visit(appointment=one.pk, starts_at=one.starts_at + 10 * DAY, actor=DESK, now=NOW)
    assert "Visit 13" in no.value.refusals[0].message
    assert wrong() == []


def test_the_audit_sees_a_visit_that_was_added_outside_its_window(series):
    [one] = extend_series(series=series.pk, actor=DESK, now=NOW)
    shift = 21 * DAY
    Claim.objects.filter(appointment=one).delete()
    one.starts_at, one.ends_at = one.starts_at + shift, one.ends_at + shift
    one.save()
    assert any("visit13 is 28 days from visit12" in message for message in wrong())


def test_a_date_beyond_the_gap_is_refused_and_nothing_is_booked(series):
    last = series.appointments.get(step="visit12")
    late = last.starts_at.date() + 20 * DAY
    with pytest.raises(Refused) as no:
        extend_series(series=series.pk, visits=2, not_before=late, actor=DESK, now=NOW)
    assert "Visit 13 must be by" in no.value.refusals[0].message
    assert len(steps(series)) == 12


def test_nothing_follows_a_visit_that_is_missing(series):
    last = series.appointments.get(step="visit12")
    cancel_visit(appointment=last.pk, reason="ill", kind="patient", actor=DESK, now=NOW)
    with pytest.raises(Refused) as no:
        extend_series(series=series.pk, actor=DESK, now=NOW)
    assert no.value.refusals[0].message == "Visit 12 is not booked. Book it first."


def test_an_extension_is_taken_back_whole_and_a_series_completed_is_so_again(series):
    Series.objects.filter(pk=series.pk).update(status=Series.State.COMPLETED)
    extend_series(series=series.pk, visits=2, actor=DESK, now=NOW)
    series.refresh_from_db()
    assert series.status == "active"
    entry = newest_undoable(f"series:{series.pk}", actor=DESK, now=NOW)
    undo(entry=entry.pk, actor=DESK, now=NOW)
    series.refresh_from_db()
    assert series.status == "completed"
    assert series.appointments.filter(status="cancelled").count() == 2
    assert wrong() == []


def test_a_protocol_that_ends_cannot_be_extended(series):
    version = series.protocol_version
    version.definition = {k: v for k, v in version.definition.items() if k != "extension"}
    version.save()
    with pytest.raises(Refused) as no:
        extend_series(series=series.pk, actor=DESK, now=NOW)
    assert no.value.refusals[0].rule == "series_goes_on"
