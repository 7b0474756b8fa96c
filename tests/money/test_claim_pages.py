"""Claims, insurance and the end of a month at the desk and over REST: who may, what is told."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.desk.money.amounts import DollarsField
from api.desk.money.month_end import REPORTS
from billing.demo.claims import fill, insure
from billing.models import Claim, ClaimBatch, Coverage, Payer
from billing.services.claim_answers import record_paid
from billing.services.claim_files import send_claims
from billing.services.claiming import make_claims
from clinic.models import Patient
from tests.cast import NOW, house, patient, protocol, site
from tests.desk.browsers import person
from tests.doors.callers import caller
from tests.money.insured import (
    BY,
    Of,
    allowed,
    charged,
    coverage,
    filing_site,
    insured,
    payer,
    put,
)
from tests.reporting import run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return filing_site()


@pytest.fixture
def biller():
    return person("biller")


def text(browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status
    return unescape(answer.content.decode())


class TestClaims:
    def test_an_empty_worklist_teaches_where_claims_come_from(self, clinic, biller):
        told = text(biller, f"/sites/{clinic.pk}/billing/claims")
        assert "No claims yet" in told
        assert "wait here to be claimed" in told

    def test_the_list_shows_initials_and_never_a_name(self, clinic, biller):
        charged(insured("Philippa", at_site=clinic), clinic)
        Patient.objects.update(mrn="M-1")
        make_claims(site=clinic, **BY)
        told = text(biller, f"/sites/{clinic.pk}/billing/claims")
        assert "P. S." in told
        assert "Philippa" not in told

    def test_no_title_and_no_file_holds_a_name(self, clinic, biller):
        charged(insured("Philippa", at_site=clinic), clinic)
        (made,) = make_claims(site=clinic, **BY)
        send_claims(site=clinic, **BY)
        title = re.search(r"<title>(.*?)</title>", text(biller, f"/claims/{made.pk}"))
        assert title is not None
        assert "Philippa" not in title[1]
        batch = ClaimBatch.objects.get()
        answer = biller.get(f"/sites/{clinic.pk}/billing/claims/files/{batch.pk}")
        assert answer["Content-Disposition"] == (
            f'attachment; filename="837P-{clinic.pk}-2026-12-07-1.txt"'
        )
        assert answer["Cache-Control"] == "no-store, private"
        assert answer.content.decode() == batch.text

    def test_the_csv_names_claims_by_mrn_with_what_is_wrong(self, clinic, biller):
        charged(insured("Philippa", at_site=clinic, holder={}), clinic)
        Patient.objects.update(mrn="M-1")
        make_claims(site=clinic, **BY)
        told = text(biller, f"/sites/{clinic.pk}/billing/claims.csv").removeprefix("\ufeff")
        (row,) = csv.DictReader(io.StringIO(told))
        assert (row["MRN"], row["Amount"], row["State"]) == ("M-1", "250.00", "draft")
        assert "signature" in row["Problems"]
        assert "Philippa" not in told

    def test_every_problem_leads_to_where_it_is_put_right(self, clinic, biller):
        who = insured(at_site=clinic, holder={}, member_id="")
        charged(who, clinic, diagnoses=())
        (made,) = make_claims(site=clinic, **BY)
        told = text(biller, f"/claims/{made.pk}")
        assert f'href="/coverages/{coverage(who).pk}">The coverage</a>' in told
        assert 'href="#amend">Diagnoses, below</a>' in told

    def test_what_a_service_refuses_is_told_beside_the_form(self, clinic, biller):
        charged(insured(at_site=clinic), clinic)
        (made,) = make_claims(site=clinic, **BY)
        send_claims(site=clinic, **BY)
        given = {"paid_cents": "300", "method": "check", "reference": "1", "on": "2026-12-07"}
        answer = biller.post(f"/claims/{made.pk}/paid", given)
        assert answer.status_code == 422
        assert "more than was claimed" in answer.content.decode()

    def test_nothing_ready_is_said_and_nothing_is_written(self, clinic, biller):
        answer = biller.post(f"/sites/{clinic.pk}/billing/claims/send")
        assert answer.status_code == 422
        assert "No claim is ready to send" in answer.content.decode()
        assert not ClaimBatch.objects.exists()

    def test_the_worklist_asks_as_much_of_forty_claims_as_of_two(self, clinic, biller):
        counts = []
        for few in (2, 40):
            for number in range(few):
                charged(insured(f"P{few}-{number}", at_site=clinic), clinic)
            make_claims(site=clinic, **BY)
            text(biller, f"/sites/{clinic.pk}/billing/claims")
            with CaptureQueriesContext(connection) as asked:
                text(biller, f"/sites/{clinic.pk}/billing/claims")
            counts.append(len(asked))
        assert counts[0] == counts[1] <= 14


class TestInsurance:
    def test_the_front_desk_may_and_a_nurse_may_not(self, clinic):
        who = insured(at_site=clinic)
        assert "Made Up Health" in text(person("front_desk"), f"/patients/{who.pk}/insurance")
        assert person("nurse").get(f"/patients/{who.pk}/insurance").status_code == 404

    def test_without_payers_the_page_says_what_comes_first(self, biller):
        who = patient("Per")
        assert "Add one under Payers" in text(biller, f"/patients/{who.pk}/insurance")

    def test_a_card_of_somebody_else_asks_for_them(self, clinic, biller):
        who, by = patient("Per", home_site=clinic), payer()
        given = {"payer": by.pk, "member_id": "1", "rank": 1, "first": "2026-01-01"}
        answer = biller.post(f"/patients/{who.pk}/insurance/new", given | {"relationship": "child"})
        assert "as the card is somebody else’s" in answer.content.decode()
        names = {"given_name": "Sol", "family_name": "Sample", "birth_date": "1970-01-01"}
        biller.post(f"/patients/{who.pk}/insurance/new", given | names | {"relationship": "child"})
        assert Coverage.objects.get().holder["birth_date"] == "1970-01-01"

    def test_a_payer_is_added_with_the_codes_it_authorises(self, biller):
        given = {
            "name": "Made Up Health",
            "payer_id": "1",
            "kind": "commercial",
            "timely_filing_days": 90,
            "authorises": "codes",
            "codes": "96365, g2083",
            "active": "on",
        }
        biller.post("/setup/payers/new", given)
        assert Payer.objects.get().rules == {"authorises": ["96365", "G2083"]}
        assert "96365, G2083" in text(biller, "/setup/payers")

    def test_the_wizard_and_the_patients_page_warn_beyond_what_is_authorised(self):
        clinic = house()
        protocol("aud-kare")
        who = insured(at_site=clinic, by=payer("Strict", rules={"authorises": True}))
        allowed(coverage(who), codes=["96365"], visits_allowed=1)
        desk = person("front_desk")
        wanted = {"patient": who.pk, "protocol": "aud-kare", "start": "2026-12-07"}
        answer = desk.post(f"/sites/{clinic.pk}/book/proposals", wanted)
        told = answer.content.decode()
        assert "Beyond what the insurance covers" in told
        assert "allows 1 visits: 0 used, 0 booked and 3 more planned make 2 too many" in told
        assert "Insurance" in text(desk, f"/patients/{who.pk}")


class TestMonthEnd:
    def test_an_empty_month_says_what_will_appear(self, clinic, biller):
        told = text(biller, f"/sites/{clinic.pk}/billing/months?month=2026-03")
        assert "No money moved yet in March 2026" in told

    def test_every_report_has_a_table_a_file_and_queries_that_run(self, clinic, biller):
        who = insured(at_site=clinic)
        charged(who, clinic)
        put(who, clinic, "fee", [(Of.RECEIVABLE, Of.FEES, 7_500)], on=date(2026, 12, 7))
        for name in REPORTS:
            for month in ("2026-12", "2027-01"):
                path = f"/sites/{clinic.pk}/billing/months/{name}"
                told = text(biller, f"{path}?month={month}")
                for sql in re.findall(r"<code>(.*?)</code>", told, re.S):
                    run(sql)
                lines = list(csv.reader(io.StringIO(text(biller, f"{path}.csv?month={month}"))))
                assert len(lines[0]) > 2

    def test_the_file_has_the_same_dollars_as_the_page(self, clinic, biller):
        charged(insured(at_site=clinic), clinic)
        path = f"/sites/{clinic.pk}/billing/months/receivables"
        assert "$250.00" in text(biller, path)
        lines = list(csv.reader(io.StringIO(text(biller, f"{path}.csv"))))
        assert lines[-1] == ["All", "250.00", "0.00", "0.00", "0.00", "0.00", "250.00"]

    def test_it_is_for_those_who_see_billing(self, clinic):
        path = f"/sites/{clinic.pk}/billing/months"
        assert person("front_desk").get(path).status_code == 403
        assert person("manager").get(path).status_code == 200


class TestRest:
    def test_charges_are_claimed_and_the_answer_says_what_is_wrong(self, clinic):
        who = insured(at_site=clinic, holder={})
        one = charged(who, clinic)
        machine = caller(scopes=["billing:read", "billing:write"], sites=[clinic])
        answer = machine.post("claims", {"charges": [str(one.pk)]})
        assert answer.status_code == 201
        told = answer.json()
        assert (told["state"], told["total"]) == ("draft", {"amount": "250.00", "currency": "USD"})
        assert [problem["part"] for problem in told["problems"]] == ["signature_on_file"]
        assert machine.get(f"claims/{told['id']}").json() == told
        again = machine.post("claims", {"charges": [str(one.pk)]})
        assert again.status_code == 422
        assert again.json()["refusals"][0]["rule"] == "charges_can_be_claimed"

    def test_lists_are_filtered_and_answers_are_told(self, clinic):
        charged(insured("Pia", at_site=clinic), clinic)
        (made,) = make_claims(site=clinic, **BY)
        send_claims(site=clinic, **BY)
        record_paid(claim=made, paid_cents=20_000, adjusted_cents=1_000, reference="1", **BY)
        machine = caller(scopes=["billing:read"])
        assert machine.get("claims", state="sent").json()["count"] == 0
        (row,) = machine.get("claims", state="paid", site=clinic.pk).json()["results"]
        assert row["answers"][0]["patient"] == {"amount": "40.00", "currency": "USD"}
        assert machine.get("claims", state="lost").status_code == 400

    def test_visits_are_claimed_one_by_one_and_other_sites_are_unknown(self, clinic):
        who = insured(at_site=clinic)
        one, two = charged(who, clinic), charged(who, clinic, on=date(2026, 12, 1))
        machine = caller(scopes=["billing:write"], sites=[clinic])
        both = machine.post("claims", {"charges": [str(one.pk), str(two.pk)]})
        assert both.json()["refusals"][0]["rule"] == "one_claim_a_visit"
        elsewhere = caller("Elsewhere", scopes=["billing:write"], sites=[site("There")])
        assert elsewhere.post("claims", {"charges": [str(one.pk)]}).status_code == 422
        assert not Claim.objects.exists()


@pytest.mark.parametrize(
    ("typed", "cents"),
    [("12", 1200), ("$1,234.5", 123_450), ("0.07", 7), (" 3.10 ", 310)],
)
def test_amounts_are_read_as_people_type_them(typed, cents):
    assert DollarsField().clean(typed) == cents


@pytest.mark.parametrize("typed", ["1.234", "twelve", "-3", "1e3"])
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(Exception, match="Write an amount"):
        DollarsField().clean(typed)


def test_the_demo_insures_some_patients_once_and_claims_what_was_charged_to_them():
    clinic = house()
    who = patient("Pia", home_site=clinic)
    Patient.objects.filter(pk=who.pk).update(is_demo=True)
    insure(now=NOW)
    insure(now=NOW)
    assert Coverage.objects.get().patient == who
    charged(who, clinic)
    fill(now=NOW)
    assert Claim.objects.get().patient == who
