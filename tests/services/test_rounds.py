"""Vitals at the chair: kept once, never altered, corrected beside what was wrong."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from clinic.models import Journal
from scheduling.errors import Refused
from scheduling.models import Appointment, GateAnswer, Series, VitalsEntry
from scheduling.selectors.rounds import chart_of, rounds_of_site
from scheduling.services.booking import book_series
from scheduling.services.progress import set_status
from scheduling.services.rounds import record_vitals
from tests.cast import DESK, NOW, all_met, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
FINE = {"systolic": 124, "diastolic": 78, "heart_rate": 72, "spo2": 98, "sedation": 1}


@pytest.fixture
def series() -> Series:
    return book_series(
        token=token(patient("Pia"), protocol("aud-kare"), house(), kare_times()),
        actor=DESK,
        now=NOW,
    )


@pytest.fixture
def inf1(series) -> Appointment:
    """Infusing since half an hour after its start."""
    visit = series.appointments.get(step="inf1")
    all_met(visit, now=visit.starts_at)
    for to, minutes in (("arrived", 0), ("in_prep", 10), ("infusing", 30)):
        at = visit.starts_at + minutes * MINUTE
        visit = set_status(appointment=visit.pk, to=to, actor=DESK, now=at)
    return visit


def taken(visit: Appointment, minutes: int, key: UUID | None = None, **facts) -> VitalsEntry:
    """So many minutes after the infusion began."""
    at = visit.starts_at + (30 + minutes) * MINUTE
    return record_vitals(
        appointment=visit.pk,
        key=key or uuid4(),
        taken_at=facts.pop("taken_at", at),
        values=facts.pop("values", FINE),
        actor=DESK,
        now=facts.pop("now", at),
        **facts,
    )


def test_rounds_are_counted_from_the_actual_start_of_the_infusion(inf1):
    taken(inf1, 0)
    chart = chart_of(inf1, now=inf1.starts_at + 51 * MINUTE)
    assert [one.state for one in chart.rounds][:3] == ["done", "overdue", "coming"]
    assert chart.next_at == inf1.starts_at + 45 * MINUTE


def test_before_the_infusion_nothing_is_late(series):
    visit = series.appointments.get(step="inf1")
    set_status(appointment=visit.pk, to="arrived", actor=DESK, now=visit.starts_at)
    [chart] = rounds_of_site(series.site, now=visit.starts_at + 90 * MINUTE)
    assert chart.late == ()


def test_an_entry_sent_twice_is_kept_once(inf1):
    key = uuid4()
    first = taken(inf1, 0, key)
    assert taken(inf1, 3, key, values={"systolic": 200, "diastolic": 90}) == first
    assert VitalsEntry.objects.count() == 1


def test_an_entry_that_comes_late_keeps_the_time_it_was_taken(inf1):
    at = inf1.starts_at + 45 * MINUTE
    row = taken(inf1, 40, taken_at=at)
    assert (row.taken_at, row.recorded_at) == (at, inf1.starts_at + 70 * MINUTE)


def test_a_correction_stands_beside_what_it_corrects(inf1):
    wrong = taken(inf1, 0, values=FINE | {"systolic": 214})
    right = taken(inf1, 2, corrects=wrong.pk, taken_at=wrong.taken_at)
    chart = chart_of(inf1, now=inf1.starts_at + 33 * MINUTE)
    assert [(entry.row.pk, entry.corrected) for entry in chart.entries] == [
        (wrong.pk, True),
        (right.pk, False),
    ]
    assert chart.rounds[0].entry == right.pk
    with pytest.raises(Refused, match="corrected already"):
        taken(inf1, 3, corrects=wrong.pk)


@pytest.mark.parametrize("model", [VitalsEntry, GateAnswer])
def test_what_was_recorded_is_never_altered_not_even_by_hand(inf1, model):
    taken(inf1, 0)
    with pytest.raises(DatabaseError, match="kept_as_written"), transaction.atomic():
        model.objects.update(by="somebody else")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"systolic": 1240, "diastolic": 78}, "systolic"),
        ({"systolic": 78, "diastolic": 124}, "diastolic"),
        ({"systolic": 124}, "diastolic"),
        ({"spo2": 101}, "spo2"),
        ({"sedation": 5}, "sedation"),
        ({}, "systolic"),
    ],
)
def test_a_value_that_cannot_be_is_refused_beside_its_field(inf1, values, field):
    with pytest.raises(ValidationError) as wrong:
        taken(inf1, 0, values=values)
    assert field in wrong.value.message_dict
    assert not VitalsEntry.objects.exists()


def test_nobody_is_measured_who_has_not_arrived(series):
    visit = series.appointments.get(step="inf1")
    with pytest.raises(Refused, match="has arrived"):
        taken(visit, 0)


def test_what_stands_out_is_said_against_the_first_reading(inf1):
    taken(inf1, 0)
    taken(inf1, 15, values=FINE | {"systolic": 165, "spo2": 91})
    chart = chart_of(inf1, now=inf1.starts_at + 50 * MINUTE)
    assert chart.entries[1].flags == ("SpO₂ 91 %", "Systolic +33 % from baseline")


def test_the_journal_tells_that_not_what(inf1):
    taken(inf1, 0)
    after = Journal.objects.get(action="vitals.recorded").after
    assert set(after) == {"entry", "taken_at"}


def test_the_rounds_of_a_site_take_few_queries_and_name_who_has_the_patient(
    inf1, series, django_assert_max_num_queries
):
    with django_assert_max_num_queries(7):
        [chart] = rounds_of_site(series.site, now=inf1.starts_at + 66 * MINUTE)
    assert len(chart.nurses) == 1
    assert {one.state for one in chart.late} == {"missed", "overdue"}
