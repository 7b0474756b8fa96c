"""Documents are numbered without a gap, say all they must, and are drawn the same for good."""

import hashlib
from copy import deepcopy
from datetime import timedelta

import pytest
import time_machine

from billing.documents import draw, lacking
from billing.errors import MoneyRefused
from billing.models import Charge, Coverage, Document, Payer, Prepaid
from billing.selectors import owed
from billing.selectors.settling import paid_of_charges
from billing.services.documents import (
    drawn,
    issue_estimate,
    issue_receipt,
    issue_statement,
    issue_superbill,
    write_document,
)
from billing.services.estimating import refresh_estimate
from billing.services.invoicing import correct_invoice, issue_invoice, to_invoice
from billing.services.ledger import Leg, Of, enter, open_account
from clinic.models import Journal
from clinic.transactions import writing
from tests.cast import DESK, MONDAY, NOW, house, patient, site
from tests.money.papers import BY, booked, charge, charge_of, known, paid, priced
from tests.races.crowd import all_at_once

SPAN = {"first": MONDAY - timedelta(days=30), "last": MONDAY + timedelta(days=60)}


def invoice(who, where, charges=None) -> Document:
    return issue_invoice(patient=who, site=where, charges=charges, **BY)


def numbers(kind: str = "invoice") -> list[int]:
    return sorted(Document.objects.filter(kind=kind).values_list("number", flat=True))


@pytest.mark.django_db(transaction=True)
class TestNumbers:
    def test_twenty_at_once_are_numbered_one_to_twenty(self):
        clinic = site()
        people = [patient(f"Pia{n}") for n in range(20)]
        for who in people:
            charge(who, clinic)
        told = all_at_once([lambda who=who: invoice(who, clinic) for who in people])
        assert [one.error for one in told] == [None] * 20
        assert numbers() == list(range(1, 21))

    def test_those_that_fail_leave_no_gap(self):
        clinic = site()
        people = [patient(f"Pia{n}") for n in range(20)]
        for who in people[::2]:
            charge(who, clinic)

        def given_up(who):
            """Its number is taken, then it cannot be drawn."""
            with writing():
                open_account(who)
                write_document(
                    kind="invoice",
                    patient=who,
                    site=clinic,
                    cents=1,
                    said={},
                    **BY,
                )

        acts = [
            lambda who=who, n=n: given_up(who) if n % 2 else invoice(who, clinic)
            for n, who in enumerate(people)
        ]
        told = all_at_once(acts)
        assert sum(one.error is None for one in told) == 10
        assert numbers() == list(range(1, 11))

    def test_each_site_and_kind_counts_for_itself(self):
        here, there, pia = site(), site("Willow House"), patient()
        for where in (here, there):
            charge(pia, where)
            assert invoice(pia, where).number == 1
        said = issue_statement(patient=pia, site=here, **SPAN, **BY)
        assert (said.number, said.facts["number"]) == (1, "STM-00001")

    def test_one_charge_is_on_one_invoice_however_many_ask_at_once(self):
        clinic, pia = site(), patient()
        charge(pia, clinic)
        told = all_at_once([lambda: invoice(pia, clinic)] * 4)
        assert sum(one.error is None for one in told) == 1
        assert owed(pia) == 450_00


@pytest.mark.django_db
class TestBytes:
    def test_drawn_twice_and_a_year_later_it_is_the_same(self):
        clinic, pia = site(), patient("Zoë")
        charge(pia, clinic)
        issued = invoice(pia, clinic)
        first = drawn(issued)
        clinic.name = "Renamed"
        clinic.save()
        with time_machine.travel(NOW + timedelta(days=400)):
            again = drawn(Document.objects.get(pk=issued.pk))
        assert first == again
        assert hashlib.sha256(again).hexdigest() == issued.sha256

    def test_no_name_is_in_the_title_of_the_file(self):
        clinic, pia = site(), patient("Quendolina")
        charge(pia, clinic)
        assert b"Quendolina" not in drawn(invoice(pia, clinic))

    def test_a_broken_logo_and_a_pale_colour_do_no_harm(self):
        clinic, pia = site(), patient()
        charge(pia, clinic)
        facts = deepcopy(invoice(pia, clinic).facts)
        facts["clinic"] |= {"logo": "data:image/png;base64,xx", "colour": "#ffff00"}
        assert draw(facts).startswith(b"%PDF")
        facts["clinic"] |= {"logo": "nonsense", "colour": "teal", "country": "DE"}
        assert draw(facts).startswith(b"%PDF")

    def test_long_ones_go_over_several_sheets(self):
        clinic, pia = site(), patient()
        for day in range(70):
            charge(pia, clinic, on=MONDAY + timedelta(days=day))
        pdf = drawn(invoice(pia, clinic))
        assert pdf.count(b"/Type /Page\n") > 2


@pytest.mark.django_db
class TestInvoices:
    def test_an_invoice_enters_what_is_not_in_the_ledger_and_says_what_is_due(self):
        clinic, pia = site(), patient()
        charge(pia, clinic)
        charge(pia, clinic, 75_00, kind="fee", code="late", what="Cancelled late")
        made = invoice(pia, clinic)
        assert (made.cents, owed(pia)) == (525_00, 525_00)
        assert [line["code"] for line in made.facts["lines"]] == ["96365", ""]
        assert set(Charge.objects.values_list("state", "document")) == {("billed", made.pk)}
        assert Journal.objects.filter(action="document.issued").count() == 1

    def test_what_was_paid_already_is_taken_off(self):
        clinic, pia = site(), patient()
        paid(pia, clinic, 100_00)
        charge(pia, clinic)
        made = invoice(pia, clinic)
        assert (made.facts["settled_cents"], made.cents) == (100_00, 350_00)

    def test_a_sliding_scale_takes_its_part_off(self):
        clinic, pia = site(), patient()
        with writing():
            account = open_account(pia)
            account.scale_percent = 60
            account.save()
        charge(pia, clinic, 100_01)
        assert invoice(pia, clinic).cents == 60_01

    def test_nothing_approved_is_nothing_to_invoice(self):
        clinic, pia = site(), patient()
        charge(pia, clinic, state="proposed")
        with pytest.raises(MoneyRefused, match="approve the charges first"):
            invoice(pia, clinic)

    def test_a_correction_is_a_credit_note_and_a_new_invoice(self):
        clinic, pia = site(), patient()
        right, wrong = charge(pia, clinic), charge(pia, clinic, 50_00, code="J3490")
        old = invoice(pia, clinic)
        frozen = deepcopy(old.facts)
        credit, new = correct_invoice(
            invoice=old.pk, keep=[right.pk], reason="Drug not given", **BY
        )
        old.refresh_from_db()
        assert old.facts == frozen
        assert (credit.cents, credit.corrects, new.corrects) == (-500_00, old, old)
        assert (new.number, new.cents, owed(pia)) == (2, 450_00, 450_00)
        wrong.refresh_from_db()
        assert (wrong.state, wrong.document) == ("void", None)
        with pytest.raises(MoneyRefused, match="taken back already"):
            correct_invoice(invoice=old.pk, keep=[], reason="Again", **BY)

    def test_four_hundred_dollars_over_the_estimate_is_flagged(self):
        clinic, pia = house(), patient()
        priced(clinic)
        series = booked(pia, clinic, MONDAY + timedelta(days=21))
        issue_estimate(estimate=refresh_estimate(series=series.pk, now=NOW).pk, **BY)
        inf1, inf2 = (series.appointments.get(step=step) for step in ("inf1", "inf2"))
        charge_of(inf1, 899_99)
        assert invoice(pia, clinic).facts["over"] is None
        charge_of(inf2, 500_01)
        over = invoice(pia, clinic).facts["over"]
        assert over == {"estimate": "GFE-00001", "by_cents": 400_00, "from_cents": 400_00}

    def test_a_package_pays_and_an_insurers_charge_is_not_the_patients(self):
        clinic, pia = site(), patient()
        course = Prepaid.objects.create(
            kind="package", patient=pia, site=clinic, name="Course", cents=900_00, sold_at=NOW
        )
        paid(pia, clinic, 900_00, prepaid=course)
        with writing():
            drawn_from = enter(
                account=open_account(pia),
                kind="draw",
                site=clinic,
                legs=[Leg(Of.UNEARNED, Of.REVENUE, 300_00, course)],
                memo="Infusion",
                **BY,
            )
        charge(pia, clinic, prepaid=course, entry=drawn_from, state="billed")
        charge(pia, clinic, prepaid=course)
        made = invoice(pia, clinic)
        assert (made.cents, made.facts["covered_cents"]) == (0, 450_00)
        assert to_invoice(pia, clinic).count() == 0


@pytest.mark.django_db
class TestEachKindSaysAllItMust:
    def test_a_receipt_names_provider_patient_date_service_and_amount(self):
        clinic, pia = house(), patient()
        known(clinic)
        visit = booked(pia, clinic).appointments.get(step="inf1")
        charge_of(visit, 450_00)
        invoice(pia, clinic)
        said = issue_receipt(payment=paid(pia, clinic, 500_00).pk, **BY).facts
        assert said["provider"] == {"name": "Priya Example", "title": "", "npi": "1234567893"}
        assert said["patient"]["name"] == "Pia Sample"
        assert (said["cents"], said["ahead_cents"]) == (500_00, 50_00)
        [service] = said["services"]
        assert service == {
            "on": "2026-12-17",
            "what": "Infusion into a vein, the first hour",
            "code": "96365",
            "cents": 450_00,
            "provider": "Priya Example",
        }

    def test_a_superbill_has_what_an_insurer_asks_for(self):
        clinic, pia = house(), patient()
        known(clinic)
        visit = booked(pia, clinic).appointments.get(step="inf1")
        charge_of(visit, 450_00, modifiers=["25"], units=2)
        invoice(pia, clinic)
        paid(pia, clinic, 300_00)
        said = issue_superbill(patient=pia, site=clinic, **SPAN, **BY).facts
        [line] = said["lines"]
        assert (line["place"], line["code"], line["modifiers"]) == ("11", "96365", ["25"])
        assert (line["diagnoses"], line["units"]) == (["F10.20"], 2)
        assert (said["charged_cents"], said["paid_cents"]) == (450_00, 300_00)
        assert said["clinic"]["tax_id"] == "12-3456789"
        assert said["providers"][0]["npi"] == "1234567893"

    def test_a_superbill_says_all_that_it_lacks_and_uses_no_number(self):
        clinic, pia = house(), patient()
        visit = booked(pia, clinic).appointments.get(step="inf1")
        charge_of(visit, 450_00, diagnoses=[])
        with pytest.raises(MoneyRefused) as refused:
            issue_superbill(patient=pia, site=clinic, **SPAN, **BY)
        for lack in ("tax ID", "address", "NPI of Priya", "no diagnosis"):
            assert lack in str(refused.value)
        assert numbers("superbill") == []

    def test_a_statement_runs_from_the_balance_before_to_the_one_now(self):
        clinic, pia = site(), patient()
        charge(pia, clinic, on=MONDAY - timedelta(days=40))
        charge(pia, clinic, 50_00, code="J3490", what="Ketamine")
        invoice(pia, clinic)
        paid(pia, clinic, 120_00)
        said = issue_statement(patient=pia, site=clinic, **SPAN, **BY).facts
        assert said["opening_cents"] == 450_00
        assert [entry["cents"] for entry in said["entries"]] == [50_00, -120_00]
        assert said["closing_cents"] == owed(pia) == 380_00

    def test_an_estimate_has_time_frame_frequency_count_and_the_threshold(self):
        clinic, pia = house(), patient()
        priced(clinic)
        known(clinic)
        series = booked(pia, clinic, MONDAY + timedelta(days=21))
        made = refresh_estimate(series=series.pk, now=NOW)
        said = issue_estimate(estimate=made.pk, **BY).facts
        assert said["how_often"] == (
            "11 visits: 1 screening, 7 therapy sessions about every 6 days, "
            "3 infusions about once a week"
        )
        assert (said["first"], said["last"]) == ("2026-12-29", "2027-02-11")
        assert said["dispute_cents"] == 400_00
        assert {one["name"] for one in said["providers"]} == {"Priya Example", "Ana Example"}
        assert lacking(said) == []


@pytest.mark.django_db
class TestWhatWasPaidForWhat:
    def test_the_oldest_charge_is_settled_first_and_a_reversal_never_was(self):
        clinic, pia = site(), patient()
        first, second = charge(pia, clinic), charge(pia, clinic, 50_00, code="J3490")
        invoice(pia, clinic)
        paid(pia, clinic, 460_00)
        assert paid_of_charges(pia) == {first.pk: 450_00, second.pk: 10_00}
        correct_invoice(
            invoice=Document.objects.get(kind="invoice").pk,
            keep=[second.pk],
            reason="Not given",
            actor=DESK,
            now=NOW,
        )
        assert paid_of_charges(pia) == {second.pk: 50_00}

    def test_a_patients_payment_is_for_their_own_charges_before_an_insurers(self):
        clinic, pia = site(), patient()
        payer = Payer.objects.create(name="Example Health", payer_id="EX001")
        card = Coverage.objects.create(patient=pia, payer=payer, member_id="X1", first=MONDAY)
        insured = charge(pia, clinic, coverage=card)
        with writing():
            account = open_account(pia)
            legs = [Leg(Of.RECEIVABLE, Of.REVENUE, 450_00)]
            insured.entry = enter(
                account=account, kind="charge", site=clinic, legs=legs, memo="x", **BY
            )
            insured.save()
        own = charge(pia, clinic, 50_00, code="J3490")
        invoice(pia, clinic)
        paid(pia, clinic, 60_00)
        assert paid_of_charges(pia) == {own.pk: 50_00, insured.pk: 10_00}
