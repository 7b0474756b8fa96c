"""The pages of charges, packages and prices: what they show, refuse, and keep to themselves."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
import time_machine

from billing.models import Charge, Coverage, Draw, PackageOffer, Payer, Policy, Prepaid, PriceList
from billing.selectors import owed, unearned
from billing.services.charging import capture_visit
from billing.services.pricing import save_policy
from clinic.models import Journal
from tests.cast import DESK, NOW, patient, site
from tests.desk.browsers import person
from tests.money.visits import BY, LATER, course, offer, over, price_list, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tuesday():
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def clinic():
    made = site()
    price_list(made)
    return made


@pytest.fixture
def pia(clinic):
    return patient("Pia", home_site=clinic, mrn="J-10442")


@pytest.fixture
def biller():
    return person("biller")


@pytest.fixture
def charges(pia, clinic):
    inf1 = over(visit(pia, clinic))
    return capture_visit(appointment=inf1.pk, now=NOW.replace(hour=12))


def text(answer) -> str:
    return answer.content.decode()


class TestWorklist:
    def test_an_empty_one_says_where_charges_come_from(self, clinic, biller):
        shown = text(biller.get(f"/sites/{clinic.pk}/charges"))
        assert "No charges yet" in shown
        assert "When a visit is discharged" in shown

    def test_a_visit_shows_each_code_with_its_reason_and_who_pays(self, clinic, biller, charges):
        shown = text(biller.get(f"/sites/{clinic.pk}/charges"))
        for said in ("96365", "40 min of infusion", "$300.00", "Patient pays", "$350.00"):
            assert said in shown

    def test_a_biller_sees_initials_and_no_address_holds_a_name(self, clinic, biller, charges):
        shown = text(biller.get(f"/sites/{clinic.pk}/charges"))
        assert "P. S." in shown
        assert "Pia" not in shown

    def test_what_stops_charges_is_on_top(self, clinic, pia, biller, charges):
        doubted = over(visit(pia, clinic, starts=NOW.replace(hour=15)), 2)
        capture_visit(appointment=doubted.pk, now=LATER)
        shown = text(biller.get(f"/sites/{clinic.pk}/charges"))
        assert shown.index("Only 2 min of") < shown.index("40 min of infusion")

    def test_all_of_a_visit_is_approved_and_entered(self, clinic, pia, biller, charges):
        ids = [one.pk for one in charges]
        biller.post(f"/sites/{clinic.pk}/charges/approve", {"charge": ids})
        shown = text(biller.get(f"/sites/{clinic.pk}/charges?stand=approved"))
        assert "Enter 2 approved into the ledger" in shown
        biller.post(f"/sites/{clinic.pk}/charges/enter")
        assert owed(pia) == 35_000
        assert "96365" in text(biller.get(f"/sites/{clinic.pk}/charges?stand=entered"))

    def test_units_are_changed_with_a_reason_and_priced_anew(self, clinic, biller, charges):
        row = charges[0]
        sent = {"code": "96365", "units": 2, "cents": "300.00", "modifiers": ""}
        refused = biller.post(f"/charges/{row.pk}/change", sent)
        assert refused.status_code == 422
        biller.post(f"/charges/{row.pk}/change", {**sent, "reason": "Two sittings"})
        row.refresh_from_db()
        assert (row.units, row.cents, row.state) == (2, 60_000, "proposed")

    def test_striking_a_code_answers_the_question_about_it(self, clinic, pia, biller, charges):
        flags = [{"text": "J3490 is billed twice.", "stops": True}]
        charges[0].appointment.capture.__class__.objects.update(flags=flags)
        address = f"/sites/{clinic.pk}/charges/approve"
        biller.post(address, {"charge": charges[0].pk})
        assert Charge.objects.get(pk=charges[0].pk).state == "proposed"
        biller.post(f"/charges/{charges[1].pk}/void", {"reason": "Pharmacy"})
        biller.post(address, {"charge": charges[0].pk})
        assert Charge.objects.get(pk=charges[0].pk).state == "approved"

    def test_a_nurse_completes_the_time_that_is_missing(self, clinic, pia):
        inf1 = over(visit(pia, clinic), stop=False)
        capture_visit(appointment=inf1.pk, now=LATER)
        nurse = person("nurse")
        assert "Infuse" in text(nurse.get(f"/visits/{inf1.pk}/done"))
        sent = {"start_0": "09:00", "start_1": "09:10", "start_2": "09:30", "stop_2": "10:15"}
        nurse.post(f"/visits/{inf1.pk}/done", {**sent, "stop_0": "09:10", "stop_1": "09:30"})
        assert {one.code for one in Charge.objects.all()} == {"96365", "J3490"}
        assert Journal.objects.filter(action="visit.answered").exists()

    def test_the_file_has_a_line_a_charge_and_no_name(self, clinic, biller, charges):
        answer = biller.get(f"/sites/{clinic.pk}/charges.csv")
        lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(lines) == 3
        assert lines[1][:5] == ["2026-12-07", charges[0].patient.mrn, "Infusion 1", "96365", ""]
        assert "Pia" not in text(answer)

    def test_it_asks_the_same_number_of_questions_however_long_it_is(
        self, clinic, pia, biller, django_assert_max_num_queries
    ):
        payer = Payer.objects.create(name="Example Mutual", payer_id="X1")
        Coverage.objects.create(patient=pia, payer=payer, member_id="1", first=date(2026, 1, 1))
        for hour in range(9, 21):
            inf = over(visit(pia, clinic, starts=NOW.replace(hour=hour)))
            capture_visit(appointment=inf.pk, now=LATER)
        with django_assert_max_num_queries(32):
            biller.get(f"/sites/{clinic.pk}/charges")


class TestPackages:
    def test_a_package_is_sold_once_however_often_the_form_is_sent(self, clinic, pia):
        desk, made = person("front_desk"), offer(clinic)
        sent = {"offer": made.pk, "parts": 4, "paid": "500.00", "method": "card", "key": "k" * 24}
        for _ in range(2):
            desk.post(f"/patients/{pia.pk}/package", sent)
        package = Prepaid.objects.get()
        assert (package.paid_cents, len(package.instalments), unearned(pia)) == (50_000, 4, 50_000)

    def test_without_an_offer_the_dialog_says_where_to_write_one(self, clinic, pia):
        shown = text(person("front_desk").get(f"/patients/{pia.pk}/package"))
        assert "No package is on offer" in shown

    def test_a_series_just_booked_offers_the_deposit_until_it_is_paid(self, clinic, pia):
        desk, series = person("front_desk"), course(pia, clinic)
        address = f"/series/{series.pk}"
        assert "Book the deposit" not in text(desk.get(address))
        save_policy(site=clinic, facts={"deposit_cents": 25_000}, **BY)
        assert "Book the deposit" in text(desk.get(address))
        form = text(desk.get(f"/patients/{pia.pk}/deposit"))
        assert 'value="250.00"' in form
        sent = {"cents": "250.00", "series": series.pk, "method": "cash", "key": "d" * 24}
        desk.post(f"/patients/{pia.pk}/deposit", sent)
        assert unearned(pia) == 25_000
        assert "Book the deposit" not in text(desk.get(address))

    def test_ending_one_says_what_goes_back_before_it_does(self, clinic, pia, biller):
        save_policy(site=clinic, facts={"refund_keeps_percent": 10}, **BY)
        desk, made = person("front_desk"), offer(clinic)
        sent = {"offer": made.pk, "parts": 1, "paid": "500.00", "method": "card", "key": "k" * 24}
        desk.post(f"/patients/{pia.pk}/package", sent)
        package = Prepaid.objects.get()
        asked = text(biller.get(f"/packages/{package.pk}/end"))
        assert "$450.00" in asked
        assert "$50.00, by the policy" in asked
        biller.post(f"/packages/{package.pk}/end", {"method": "card", "reason": "Moves away"})
        package.refresh_from_db()
        assert (package.state, unearned(pia)) == ("ended", 0)

    def test_the_list_shows_what_is_left_and_what_is_due(self, clinic, pia, biller):
        assert "No packages yet" in text(biller.get(f"/sites/{clinic.pk}/packages"))
        desk, made = person("front_desk"), offer(clinic, deposit_cents=49_000)
        sent = {"offer": made.pk, "parts": 3, "method": "card", "key": "k" * 24}
        desk.post(f"/patients/{pia.pk}/package", sent)
        inf1 = over(visit(pia, clinic))
        capture_visit(appointment=inf1.pk, now=LATER)
        shown = text(biller.get(f"/sites/{clinic.pk}/packages"))
        assert "1 of 10" in shown
        assert "$490.00 due" in shown
        assert Draw.objects.get().of == "infusion"
        file = text(biller.get(f"/sites/{clinic.pk}/packages.csv"))
        assert "5000.00,0.00,0.00,10,1,490.00" in file


class TestTerms:
    def test_a_sliding_scale_has_a_reason(self, pia, biller):
        address = f"/patients/{pia.pk}/scale"
        refused = biller.post(address, {"percent": 40})
        assert "an auditor will ask" in text(refused)
        biller.post(address, {"percent": 40, "reason": "Income table 2026"})
        assert pia.account.scale_percent == 40

    def test_a_discount_says_what_is_owed(self, clinic, pia, biller, charges):
        ids = [one.pk for one in charges]
        biller.post(f"/sites/{clinic.pk}/charges/approve", {"charge": ids})
        biller.post(f"/sites/{clinic.pk}/charges/enter")
        assert "$350.00" in text(biller.get(f"/patients/{pia.pk}/discount"))
        biller.post(f"/patients/{pia.pk}/discount", {"cents": "50", "reason": "Waited long"})
        assert owed(pia) == 30_000


class TestPrices:
    @pytest.fixture
    def manager(self):
        return person("manager")

    def test_a_list_is_written_a_code_and_an_amount_a_line(self, clinic, manager):
        sent = {"name": "2027", "valid_from": "2027-01-01", "prices": "96365 310.00\nj3490 $1,050"}
        manager.post(f"/sites/{clinic.pk}/prices/new", sent)
        made = PriceList.objects.get(name="2027")
        assert dict(made.prices.values_list("code", "cents")) == {"96365": 31_000, "J3490": 105_000}

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            ("96365", "Line 1: write a code and an amount"),
            ("96365 3.5", "Line 1: write a code and an amount"),
            ("96365 1.00\n96365 2.00", "Line 2: 96365 is here twice"),
            ("*! 1.00", "is no code"),
        ],
    )
    def test_a_line_that_is_wrong_is_named(self, clinic, manager, lines, said):
        sent = {"name": "2027", "valid_from": "2027-01-01", "prices": lines}
        answer = manager.post(f"/sites/{clinic.pk}/prices/new", sent)
        assert answer.status_code == 422
        assert said in text(answer)

    def test_a_change_is_undone_to_what_it_was(self, clinic, manager):
        listed = PriceList.objects.get()
        before = dict(listed.prices.values_list("code", "cents"))
        sent = {"name": "Mistyped", "valid_from": "2026-01-01", "prices": "96365 1.00"}
        manager.post(f"/prices/{listed.pk}", sent)
        change = Journal.objects.get(subject=f"price_list:{listed.pk}")
        shown = text(manager.get(f"/sites/{clinic.pk}/prices"))
        assert f"/sites/{clinic.pk}/prices/undo/{change.pk}" in shown
        manager.post(f"/sites/{clinic.pk}/prices/undo/{change.pk}")
        listed.refresh_from_db()
        assert (listed.name, dict(listed.prices.values_list("code", "cents"))) == (
            "Standard",
            before,
        )

    def test_who_saves_over_somebody_elses_change_is_told_first(self, clinic, manager):
        sent = {"no_show_cents": "75.00", "refund_keeps_percent": 0, "seen": 0}
        manager.post(f"/sites/{clinic.pk}/money-policy", sent)
        save_policy(site=clinic, facts={"no_show_cents": 9_000}, actor=DESK, now=LATER)
        late = manager.post(f"/sites/{clinic.pk}/money-policy", {**sent, "no_show_cents": "80.00"})
        assert late.status_code == 409
        assert Policy.objects.get().no_show_cents == 9_000

    def test_an_offer_covers_something(self, clinic, manager):
        sent = {
            "name": "Three", "cents": "900.00", "instalments": 1, "valid_from": "2026-01-01",
        }  # fmt: skip
        answer = manager.post(f"/sites/{clinic.pk}/package-offers/new", sent)
        assert "how many visits" in text(answer)
        manager.post(f"/sites/{clinic.pk}/package-offers/new", {**sent, "covers_infusion": 3})
        made = PackageOffer.objects.get()
        assert (made.covers, made.cents) == ({"infusion": 3}, 90_000)
        assert 'value="3"' in text(manager.get(f"/package-offers/{made.pk}"))

    def test_usual_diagnoses_are_codes(self, clinic, manager, pia):
        version = course(pia, clinic).protocol_version
        address = f"/sites/{clinic.pk}/usual-diagnoses/{version.protocol_id}"
        manager.post(address, {"codes": "F10.2"})
        assert version.protocol.diagnoses.codes == ["F10.20"]
        manager.post(address, {"codes": "F10.21, F33.1"})
        version.protocol.diagnoses.refresh_from_db()
        assert version.protocol.diagnoses.codes == ["F10.21", "F33.1"]

    def test_without_prices_the_page_teaches(self, manager):
        empty = site("Elder House")
        shown = text(manager.get(f"/sites/{empty.pk}/prices"))
        assert "No price list yet" in shown
        assert "No packages yet" in shown
