"""Gates at the chair: recorded, never changed, blocking with the reason, set aside on purpose."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import Journal
from scheduling.errors import Refused
from scheduling.models import Appointment, GateAnswer, Series
from scheduling.selectors.gates import gates_of, missing_ahead
from scheduling.services.booking import book_series
from scheduling.services.gates import override_gate, record_gate
from scheduling.services.progress import set_status
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


@pytest.fixture
def inf1(series) -> Appointment:
    """Infusion 1 with its patient here."""
    visit = series.appointments.get(step="inf1")
    return set_status(appointment=visit.pk, to="arrived", actor=DESK, now=visit.starts_at)


def on(visit: Appointment, to: str, minutes: int = 0) -> Appointment:
    now = visit.starts_at + minutes * MINUTE
    return set_status(appointment=visit.pk, to=to, actor=DESK, now=now)


def note(visit: Appointment, gate: str, outcome: str = "met", **facts) -> GateAnswer:
    return record_gate(
        appointment=visit.pk, gate=gate, outcome=outcome, actor=DESK, now=visit.starts_at, **facts
    )


def lacking(visit: Appointment) -> set[str]:
    found = gates_of(visit, now=visit.starts_at)
    return {one.gate.key for one in found if one.open and one.gate.moment == "prep"}


def test_nobody_is_prepared_while_a_gate_is_open_and_every_one_is_named(inf1):
    with pytest.raises(Refused) as refused:
        on(inf1, "in_prep")
    assert {no.subject for no in refused.value.refusals} == lacking(inf1)
    assert {no.rule for no in refused.value.refusals} == {"gates_are_met"}
    assert "Consent: Not recorded yet." in str(refused.value)
    all_met(inf1, now=inf1.starts_at)
    assert on(inf1, "in_prep").status == "in_prep"


def test_a_pressure_above_the_ceiling_blocks_and_the_next_one_may_not(inf1):
    all_met(inf1, now=inf1.starts_at)
    note(inf1, "blood_pressure", systolic=152, diastolic=84)
    with pytest.raises(Refused, match="Blood pressure below 140/90: Not so: 152/84"):
        on(inf1, "in_prep")
    note(inf1, "blood_pressure", systolic=136, diastolic=82)
    assert on(inf1, "in_prep", 10).status == "in_prep"
    assert GateAnswer.objects.filter(key="blood_pressure").count() == 3


def test_at_the_ceiling_is_not_below_it(inf1):
    assert note(inf1, "blood_pressure", systolic=140, diastolic=80).outcome == "unmet"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"systolic": 1500, "diastolic": 80}, "systolic"),
        ({"systolic": 80, "diastolic": 120}, "diastolic"),
        ({"systolic": 120}, "diastolic"),
    ],
)
def test_a_pressure_that_cannot_be_is_refused_beside_its_field(inf1, facts, field):
    with pytest.raises(ValidationError) as wrong:
        note(inf1, "blood_pressure", **facts)
    assert field in wrong.value.message_dict
    assert not GateAnswer.objects.exists()


def test_an_escort_has_a_name_and_a_number(inf1):
    with pytest.raises(ValidationError) as wrong:
        note(inf1, "escort", name="", phone="no idea")
    assert set(wrong.value.message_dict) == {"name", "phone"}
    note(inf1, "escort", name="Esther Escort", phone="555 0100")
    assert "escort" not in lacking(inf1)


def test_a_consent_counts_at_the_next_infusion_and_fasting_does_not(series, inf1):
    all_met(inf1, now=inf1.starts_at)
    inf2 = series.appointments.get(step="inf2")
    assert {"fasting", "alcohol_free", "escort"} <= lacking(inf2)
    assert "consent" not in lacking(inf2)


def test_a_gate_is_set_aside_with_a_reason_that_the_journal_keeps(inf1):
    all_met(inf1, now=inf1.starts_at)
    note(inf1, "fasting", "unmet", reason="tea at seven")
    with pytest.raises(ValidationError):
        override_gate(appointment=inf1.pk, gate="fasting", reason=" ", actor=DESK, now=NOW)
    override_gate(
        appointment=inf1.pk, gate="fasting", reason="Dr Ode agrees", actor=DESK, now=inf1.starts_at
    )
    assert on(inf1, "in_prep").status == "in_prep"
    row = Journal.objects.get(action="override")
    assert row.after["rules"] == ["gates_are_met"]
    assert row.after["reason"] == "Dr Ode agrees"


def test_what_is_set_aside_once_is_asked_again_at_the_next_visit(series, inf1):
    override_gate(
        appointment=inf1.pk, gate="consent", reason="on paper", actor=DESK, now=inf1.starts_at
    )
    assert "consent" not in lacking(inf1)
    assert "consent" in lacking(series.appointments.get(step="inf2"))


def test_the_journal_never_holds_what_was_measured_or_who_was_named(inf1):
    all_met(inf1, now=inf1.starts_at)
    told = str(list(Journal.objects.filter(action="gate.recorded").values_list("after", flat=True)))
    assert "consent" in told
    assert not any(word in told for word in ("Esther", "555", "120", "78"))


def test_nobody_leaves_before_they_are_at_baseline_long_enough_and_with_their_escort(inf1):
    all_met(inf1, now=inf1.starts_at)
    for to, minutes in (("in_prep", 10), ("infusing", 30), ("recovering", 70)):
        on(inf1, to, minutes)
    with pytest.raises(Refused) as refused:
        on(inf1, "discharged", 100)
    assert [no.subject for no in refused.value.refusals] == ["baseline", "observed", "escorted"]
    assert "30 min of 60 min are left" in str(refused.value)
    all_met(inf1, now=inf1.starts_at + 130 * MINUTE, leaving=True)
    assert on(inf1, "discharged", 130).status == "discharged"


def test_nothing_is_checked_of_a_visit_that_is_over(series):
    th1 = series.appointments.get(step="screening")
    Appointment.objects.filter(pk=th1.pk).update(status="cancelled")
    with pytest.raises(Refused, match="cancelled"):
        note(th1, "consent")


def test_what_can_be_had_before_is_missing_days_ahead(series, django_assert_max_num_queries):
    site, inf1 = series.site, series.appointments.get(step="inf1")
    now = inf1.starts_at - timedelta(days=6)
    with django_assert_max_num_queries(6):
        found = dict(missing_ahead(site, now=now))
    assert {one.gate.key for one in found[inf1]} == {"consent", "escort"}
    record_gate(appointment=inf1.pk, gate="consent", outcome="met", actor=DESK, now=now)
    again = dict(missing_ahead(site, now=now))
    assert {one.gate.key for one in again[inf1]} == {"escort"}
