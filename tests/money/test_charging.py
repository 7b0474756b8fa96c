"""From a visit that is over to its charges: each code with its reason, again when things change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.errors import MoneyRefused
from billing.models import Capture, Charge, Coverage, Payer
from billing.services.charging import (
    answer_for,
    capture_visit,
    changed_visits,
    waiting_visits,
)
from billing.services.pricing import save_policy, save_price_list, set_diagnoses
from billing.services.reviewing import approve_charges, change_charge, void_charge
from billing.tasks import capture_waiting, propose_anew
from clinic.models import Journal
from config.followups import charge_soon
from scheduling.models import StatusChange
from scheduling.services.cancelling import cancel_visit
from tests.cast import DESK, MONDAY, NOW, at, patient, protocol, site
from tests.money.visits import BY, LATER, PRICES, course, kare, over, price_list, visit

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clinic():
    made = site()
    price_list(made)
    return made


def told(charges) -> list[tuple[str, int, int]]:
    return [(one.code, one.units, one.cents) for one in charges]


def codes(of) -> set[str]:
    return {one.code for one in Charge.objects.filter(appointment=of).exclude(state="void")}


def capture(of) -> list[Charge]:
    return capture_visit(appointment=of.pk, now=LATER)


def test_an_infusion_of_forty_minutes_is_one_first_hour_and_its_drug_each_with_its_reason(clinic):
    pia = patient("Pia")
    charges = capture(over(visit(pia, clinic)))
    assert told(charges) == [("96365", 1, 30_000), ("J3490", 1, 5_000)]
    assert "40 min" in charges[0].reason
    assert {one.state for one in charges} == {"proposed"}
    assert charges[0].diagnoses == ["F10.20"]
    assert {one.on for one in charges} == {MONDAY}


def test_hours_past_the_first_count_by_the_minutes_that_were_recorded(clinic):
    charges = capture(over(visit(patient("Pia"), clinic), 95))
    assert told(charges)[1] == ("96366", 1, 9_000)


def test_a_second_run_changes_nothing(clinic):
    inf1 = over(visit(patient("Pia"), clinic))
    first = [one.pk for one in capture(inf1)]
    assert [one.pk for one in capture(inf1)] == first
    assert Charge.objects.count() == len(first)


def test_a_missing_stop_is_flagged_and_completing_it_proposes_the_infusion(clinic):
    inf1 = over(visit(patient("Pia"), clinic), stop=False)
    assert codes_after(inf1) == {"96374", "J3490"}
    flags = Capture.objects.get(pk=inf1.pk).flags
    assert any("no stop time" in flag["text"] for flag in flags)
    start = inf1.starts_at + 30 * MINUTE
    answer_for(
        appointment=inf1.pk, times={"infuse": (start, start + 40 * MINUTE)}, actor=DESK, now=LATER
    )
    assert codes(inf1) == {"96365", "J3490"}
    assert not any("stop" in flag["text"] for flag in Capture.objects.get(pk=inf1.pk).flags)
    assert Journal.objects.filter(action="visit.answered").count() == 1


def codes_after(of) -> set[str]:
    return {one.code for one in capture(of)}


def test_a_phase_that_stops_before_it_starts_is_not_kept(clinic):
    inf1 = over(visit(patient("Pia"), clinic))
    start = inf1.starts_at
    with pytest.raises(MoneyRefused, match="stops before it starts"):
        answer_for(
            appointment=inf1.pk, times={"infuse": (start, start - MINUTE)}, actor=DESK, now=LATER
        )
    with pytest.raises(MoneyRefused, match="still to come"):
        answer_for(appointment=inf1.pk, times={"infuse": (LATER + MINUTE, None)}, **BY)


def test_an_infusion_clicked_through_in_a_minute_is_doubted_and_not_approved(clinic):
    charges = capture(over(visit(patient("Pia"), clinic), 1))
    with pytest.raises(MoneyRefused, match="Only 1 min of “infuse” are recorded, and 40"):
        approve_charges(charges=[charges[0].pk], **BY)


def test_a_step_taken_back_takes_the_proposals_with_it(clinic):
    inf1 = over(visit(patient("Pia"), clinic))
    capture(inf1)
    StatusChange.objects.filter(appointment=inf1, to="discharged").update(taken_back=True)
    inf1.status = "recovering"
    inf1.save()
    assert capture(inf1) == []
    assert Charge.objects.count() == 0
    assert Capture.objects.get(pk=inf1.pk).captured_at is None


def test_what_was_approved_stays_when_the_step_is_taken_back_and_says_so(clinic):
    inf1 = over(visit(patient("Pia"), clinic))
    first, _ = capture(inf1)
    approve_charges(charges=[first.pk], **BY)
    inf1.status = "recovering"
    inf1.save()
    capture(inf1)
    (left,) = Charge.objects.all()
    assert (left.state, left.flags[-1]["stops"]) == ("approved", True)
    assert "does not stand as discharged" in left.flags[-1]["text"]
    inf1.status = "discharged"
    inf1.save()
    assert codes_after(inf1) == {"96365", "J3490"}
    left.refresh_from_db()
    assert left.flags == []


def test_corrected_times_replace_what_is_proposed_and_flag_what_is_approved(clinic):
    inf1 = over(visit(patient("Pia"), clinic), 160)
    by_code = {one.code: one for one in capture(inf1)}
    assert by_code["96366"].units == 2
    approve_charges(charges=[by_code["96366"].pk], **BY)
    start = inf1.starts_at + 30 * MINUTE
    times = {"infuse": (start, start + 100 * MINUTE)}
    answer_for(appointment=inf1.pk, times=times, actor=DESK, now=LATER)
    hours = Charge.objects.get(code="96366")
    assert (hours.units, hours.flags[-1]["text"]) == (
        2,
        "By the visit as it stands now, 1 units would be proposed.",
    )
    assert "100 min" in Charge.objects.get(code="96365").reason


def test_a_code_that_a_person_changed_or_voided_is_not_proposed_again(clinic):
    inf1 = over(visit(patient("Pia"), clinic))
    first, drug = capture(inf1)
    change_charge(charge=first.pk, code="96374", reason="It was pushed", **BY)
    void_charge(charge=drug.pk, reason="The pharmacy billed it", **BY)
    assert codes_after(inf1) == {"96374"}
    assert Charge.objects.get(code="96374").cents == PRICES["96374"]


def test_without_a_price_it_costs_nothing_and_says_so_until_a_list_has_it(clinic):
    inf1 = over(visit(patient("Pia"), clinic))
    clinic.price_lists.all().delete()
    price_list(clinic, {"J3490": 5_000})
    first = capture(inf1)[0]
    assert (first.code, first.cents) == ("96365", 0)
    with pytest.raises(MoneyRefused, match="No price list has 96365"):
        approve_charges(charges=[first.pk], **BY)
    row = clinic.price_lists.get()
    save_price_list(
        site=clinic,
        price_list=row.pk,
        name="Standard",
        valid_from=row.valid_from,
        prices=PRICES,
        **BY,
    )
    assert propose_anew(site=clinic.pk) == 1
    first.refresh_from_db()
    assert (first.cents, first.flags) == (30_000, [])


def test_without_a_diagnosis_nobody_approves_and_setting_one_proposes_anew(clinic):
    version = protocol("maintenance")
    pia = patient("Pia")
    series = course(pia, clinic, version)
    inf1 = over(visit(pia, clinic, series=series))
    first = capture(inf1)[0]
    with pytest.raises(MoneyRefused, match="No diagnosis"):
        approve_charges(charges=[first.pk], **BY)
    with pytest.raises(MoneyRefused, match="heading"):
        set_diagnoses(of=series, codes=["F32"], **BY)
    set_diagnoses(of=series, codes=["f33.1"], **BY)
    assert propose_anew(series=series.pk) == 1
    assert Charge.objects.get(pk=first.pk).diagnoses == ["F33.1"]


def test_a_reason_lets_something_be_approved_as_it_is(clinic):
    first = capture(over(visit(patient("Pia"), clinic), 1))[0]
    approve_charges(charges=[first.pk], reason="The pump stopped at once", **BY)
    first.refresh_from_db()
    assert first.state == "approved"
    assert first.reason.endswith("Approved as it is: The pump stopped at once")


def test_an_insurance_of_the_day_is_asked_at_its_own_price(clinic):
    pia = patient("Pia")
    payer = Payer.objects.create(name="Example Mutual", payer_id="X1")
    price_list(clinic, {"96365": 12_345}, name="Example Mutual", payer=payer)
    old = {"payer": payer, "member_id": "M1", "patient": pia}
    Coverage.objects.create(**old, first=date(2025, 1, 1), last=date(2025, 12, 31))
    valid = Coverage.objects.create(**old, first=date(2026, 1, 1))
    charges = capture(over(visit(pia, clinic)))
    assert told(charges) == [("96365", 1, 12_345), ("J3490", 1, 5_000)]
    assert {one.coverage for one in charges} == {valid}


def test_of_lists_that_overlap_the_one_that_began_last_says_the_price(clinic):
    price_list(clinic, {"96365": 33_000}, name="From November", valid_from=date(2026, 11, 1))
    price_list(clinic, {"96365": 99_000}, name="Next year", valid_from=date(2027, 1, 1))
    assert capture(over(visit(patient("Pia"), clinic)))[0].cents == 33_000


class TestFees:
    @pytest.fixture(autouse=True)
    def policy(self, clinic):
        save_policy(site=clinic, facts={"no_show_cents": 7_500, "late_cancel_cents": 5_000}, **BY)

    def test_a_visit_missed_costs_the_fee_of_the_policy(self, clinic):
        missed = visit(patient("Pia"), clinic, status="no_show")
        (fee,) = capture(missed)
        assert (fee.kind, fee.code, fee.cents, fee.coverage) == ("fee", "NOSHOW", 7_500, None)
        assert [one.pk for one in capture(missed)] == [fee.pk]

    def test_a_late_cancellation_costs_its_fee_and_one_in_time_nothing(self, clinic):
        pia = patient("Pia")
        soon, later = visit(pia, clinic), visit(pia, clinic, starts=at(date(2026, 12, 21), "09:00"))
        for one in (soon, later):
            cancel_visit(appointment=one.pk, reason="unwell", kind="patient", **BY)
        assert [one.code for one in capture(soon)] == ["LATECANCEL"]
        assert capture(later) == []

    def test_a_visit_restored_takes_the_fee_back(self, clinic):
        missed = visit(patient("Pia"), clinic, status="no_show")
        capture(missed)
        missed.status = "booked"
        missed.save()
        assert capture(missed) == []
        assert Charge.objects.count() == 0

    def test_a_fee_that_was_approved_says_when_the_visit_stands_otherwise(self, clinic):
        missed = visit(patient("Pia"), clinic, status="no_show")
        (fee,) = capture(missed)
        approve_charges(charges=[fee.pk], **BY)
        missed.status = "booked"
        missed.save()
        capture(missed)
        fee.refresh_from_db()
        assert "Waive the fee, or keep it" in fee.flags[0]["text"]

    def test_an_insurer_is_never_asked_for_a_fee(self, clinic):
        pia = patient("Pia")
        payer = Payer.objects.create(name="Example Mutual", payer_id="X1")
        covered = Coverage.objects.create(
            patient=pia, payer=payer, member_id="M1", first=date(2026, 1, 1)
        )
        (fee,) = capture(visit(pia, clinic, status="no_show"))
        assert fee.coverage is None
        with pytest.raises(IntegrityError, match="fees_are_never_claimed"), transaction.atomic():
            Charge.objects.filter(pk=fee.pk).update(coverage=covered)


class TestNothingIsLost:
    def test_a_visit_that_the_queue_lost_is_found(self, clinic):
        inf1 = over(visit(patient("Pia"), clinic))
        assert waiting_visits(now=LATER) == [inf1.pk]
        capture(inf1)
        assert waiting_visits(now=LATER) == []

    def test_old_visits_from_before_billing_are_left_alone(self, clinic):
        over(visit(patient("Pia"), clinic, starts=at(date(2026, 9, 1), "09:00")))
        assert waiting_visits(now=LATER) == []

    def test_what_changed_lately_is_looked_at_again(self, clinic):
        inf1 = visit(patient("Pia"), clinic)
        cancel_visit(appointment=inf1.pk, reason="unwell", **BY)
        assert changed_visits(within=timedelta(minutes=15), now=NOW) == [inf1.pk]
        assert changed_visits(within=timedelta(minutes=15), now=LATER) == []

    def test_the_task_catches_up(self, clinic):
        recent = timezone.now() - timedelta(hours=3)
        inf1 = over(visit(patient("Pia"), clinic, starts=recent))
        assert capture_waiting(minutes=15) == 1
        assert codes(inf1) == {"96365", "J3490"}

    def test_one_visit_that_fails_keeps_nobody_else_waiting(self, clinic):
        recent = timezone.now() - timedelta(hours=3)
        pia, per = patient("Pia"), patient("Per")
        broken = Payer.objects.create(name="Odd", payer_id="X", rules={"j0013_from": "soon"})
        Coverage.objects.create(patient=pia, payer=broken, member_id="1", first=date(2020, 1, 1))
        for one in (pia, per):
            over(visit(one, clinic, starts=recent))
        assert capture_waiting(minutes=15) == 1
        assert Charge.objects.exclude(patient=per).count() == 0

    def test_only_what_can_change_charges_sends_a_task(self, monkeypatch, clinic):
        sent = []
        monkeypatch.setattr("config.followups.capture_visit.delay", sent.append)
        for before, after in (
            ("recovering", "discharged"),
            ("discharged", "recovering"),
            ("booked", "no_show"),
            ("booked", "arrived"),
        ):
            charge_soon(
                Journal(
                    action="visit.status",
                    subject="appointment:7",
                    before={"status": before},
                    after={"status": after},
                )
            )
        assert sent == [7, 7, 7]


def test_therapy_is_charged_by_the_minutes_of_the_session(clinic):
    th1 = over(visit(patient("Pia"), clinic, "th1", version=kare()), 55)
    assert codes_after(th1) == {"90837"}
