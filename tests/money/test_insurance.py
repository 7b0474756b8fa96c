"""What a payer allowed is counted with what was used and what is booked, and plans are held
against it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.errors import MoneyRefused
from billing.models import Coverage, PatientDetails, Payer, Policy, ProviderNumber
from billing.selectors.insurance import (
    Planned,
    authorisation_for,
    authorisation_warnings,
    coverages_of,
    uses,
)
from billing.services.insuring import (
    save_authorisation,
    save_coverage,
    save_details,
    save_filing,
    save_payer,
    save_provider,
)
from clinic.models import Journal, Staff
from scheduling.models import Appointment
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, house, kare_times, patient, protocol, staff, token
from tests.money.insured import BY, STREET, allowed, charged, coverage, covers, insured, payer

pytestmark = pytest.mark.django_db(transaction=True)
INFUSIONS = ["96365", "96366"]


@pytest.fixture
def booked():
    """Pia, insured, with a whole series booked: infusions on 17, 24 and 31 December."""
    clinic = house()
    pia = insured(at_site=clinic)
    series = book_series(token=token(pia, protocol(), clinic, kare_times()), actor=DESK, now=NOW)
    pia.clinic, pia.course = clinic, series
    return pia


def rules(who, *planned: Planned) -> list[str]:
    return [one.rule for one in authorisation_warnings(who, planned, today=MONDAY)]


def infusion(day: date) -> Planned:
    return Planned(day, "infusion")


class TestUses:
    def test_visits_that_came_are_used_and_those_to_come_are_booked(self, booked):
        given = allowed(coverage(booked), codes=INFUSIONS, visits_allowed=4)
        first = booked.course.appointments.get(step="inf1")
        Appointment.objects.filter(pk=first.pk).update(status="discharged")
        use = uses(booked)[given.pk]
        assert (use.used, use.booked, use.left) == (1, 2, 1)

    def test_cancelled_visits_and_other_services_do_not_count(self, booked):
        given = allowed(coverage(booked), codes=INFUSIONS, visits_allowed=4)
        Appointment.objects.filter(step="inf1").update(status="cancelled")
        assert uses(booked)[given.pk].booked == 2

    def test_units_are_counted_from_what_was_charged(self, booked):
        given = allowed(coverage(booked), codes=INFUSIONS, units_allowed=10)
        charged(booked, booked.clinic, "96365", units=1)
        charged(booked, booked.clinic, "96366", units=2, position=1)
        charged(booked, booked.clinic, "99214", units=1, position=2)
        use = uses(booked)[given.pk]
        assert (use.units, use.units_left) == (3, 7)

    def test_the_number_named_is_the_newest_for_the_day_and_the_codes(self):
        pia = insured()
        allowed(coverage(pia), number="OLD")
        allowed(coverage(pia), number="TALK", codes=["90834"], first=date(2026, 12, 1))
        allowed(coverage(pia), number="NEW", codes=["96365"], first=date(2026, 12, 1))
        (own,) = coverages_of(pia)
        assert authorisation_for(own, MONDAY, ["96365"]).number == "NEW"
        assert authorisation_for(own, date(2026, 11, 5), ["96365"]).number == "OLD"
        assert authorisation_for(own, date(2027, 6, 1), ["96365"]) is None


class TestWarnings:
    def test_a_plan_within_what_is_authorised_is_quiet(self, booked):
        allowed(coverage(booked), codes=INFUSIONS, visits_allowed=4)
        assert rules(booked, infusion(date(2027, 1, 7))) == []

    def test_too_many_visits_are_told_with_their_numbers(self, booked):
        allowed(coverage(booked), codes=INFUSIONS, visits_allowed=4)
        more = [infusion(date(2027, 1, 7)), infusion(date(2027, 1, 14))]
        (told,) = authorisation_warnings(booked, more, today=MONDAY)
        assert told.rule == "visits_are_authorised"
        assert "allows 4 visits: 0 used, 3 booked and 2 more planned make 1 too many" in (
            told.message
        )

    def test_what_is_booked_already_is_told_without_a_plan(self, booked):
        allowed(coverage(booked), codes=INFUSIONS, visits_allowed=2)
        assert rules(booked) == ["visits_are_authorised"]

    def test_visits_after_the_last_authorised_day_are_told(self, booked):
        allowed(coverage(booked), codes=INFUSIONS, last=date(2026, 12, 25))
        (told,) = authorisation_warnings(booked, today=MONDAY)
        assert told.rule == "authorised_beforehand"
        assert "the visit on 31 Dec 2026" in told.message

    def test_a_payer_that_authorises_has_to_be_asked_first(self, booked):
        Payer.objects.update(rules={"authorises": INFUSIONS})
        (told,) = authorisation_warnings(booked, today=MONDAY)
        assert "has authorised nothing yet" in told.message
        assert "3 visits from 17 Dec 2026 on" in told.message

    def test_services_that_are_not_authorised_are_told_by_their_codes(self, booked):
        Payer.objects.update(rules={"authorises": True})
        allowed(coverage(booked), codes=INFUSIONS)
        assert rules(booked) == ["authorised_beforehand"]  # the therapy

    def test_units_that_visits_to_come_need_at_least_are_told(self, booked):
        allowed(coverage(booked), codes=INFUSIONS, units_allowed=2)
        assert rules(booked) == ["units_are_authorised"]

    def test_a_coverage_that_ends_before_a_visit_is_told(self, booked):
        Coverage.objects.update(last=date(2026, 12, 20))
        assert rules(booked) == ["coverage_is_valid"]

    def test_who_pays_themselves_is_never_warned(self):
        assert rules(patient("Per"), infusion(MONDAY)) == []

    def test_the_second_coverage_does_not_authorise(self, booked):
        second = covers(booked, payer("Second Mutual", rules={"authorises": True}), rank=2)
        allowed(second, visits_allowed=1)
        assert rules(booked) == []

    def test_it_asks_no_more_of_many_authorisations_than_of_one(self, booked):
        allowed(coverage(booked), codes=INFUSIONS, visits_allowed=4)
        for number in range(10):
            allowed(coverage(booked), number=f"B-{number}", codes=["90834"], visits_allowed=9)
        with CaptureQueriesContext(connection) as queries:
            authorisation_warnings(booked, [infusion(MONDAY)], today=MONDAY)
        assert len(queries) <= 7


class TestWriting:
    def test_what_is_written_is_journaled_with_what_changed(self):
        made = save_payer(facts={"name": "Made Up Health", "payer_id": "1"}, **BY)
        save_payer(payer=made, facts={"name": "Made Up Health", "payer_id": "2"}, **BY)
        changed = Journal.objects.get(action="payer.changed")
        assert (changed.before, changed.after) == ({"payer_id": "1"}, {"payer_id": "2"})

    def test_writing_the_same_again_leaves_no_trace(self):
        made = save_payer(facts={"name": "Made Up Health", "payer_id": "1"}, **BY)
        save_payer(payer=made, facts={"name": "Made Up Health"}, **BY)
        assert Journal.objects.filter(subject=f"payer:{made.pk}").count() == 1

    def test_two_payers_of_one_name_are_refused(self):
        save_payer(facts={"name": "Made Up Health", "payer_id": "1"}, **BY)
        with pytest.raises(MoneyRefused, match="correct that one"):
            save_payer(facts={"name": "made up health", "payer_id": "1"}, **BY)

    def test_dates_are_in_order(self):
        pia = insured()
        wrong = {"first": MONDAY, "last": MONDAY - timedelta(days=1)}
        with pytest.raises(MoneyRefused, match="before the first"):
            save_coverage(patient=pia, facts={"payer": payer(), "member_id": "1", **wrong}, **BY)
        with pytest.raises(MoneyRefused, match="before the first"):
            save_authorisation(coverage=coverage(pia), facts={"number": "A", **wrong}, **BY)

    def test_an_npi_with_a_wrong_check_digit_is_refused(self):
        theo = staff("Theo", house(), roles=["therapist"])
        with pytest.raises(MoneyRefused, match="no NPI"):
            save_provider(staff=theo, facts={"npi": "1234567890"}, **BY)
        save_provider(staff=theo, facts={"npi": "1234567893", "letters": "LCSW"}, **BY)
        assert ProviderNumber.objects.get(staff=theo).letters == "LCSW"

    def test_how_a_site_files_is_kept_with_the_names_of_its_policy(self):
        clinic = house()
        practice = {"legal_name": "Juniper LLC", "tax_id": "12-3456789", "npi": "1234567893"}
        facts = {**STREET, "supervisor": Staff.objects.get(given_name="Priya")}
        save_filing(site=clinic, practice=practice, facts=facts, **BY)
        assert Policy.objects.get(site=clinic).legal_name == "Juniper LLC"
        with pytest.raises(MoneyRefused, match="nine digits"):
            save_filing(site=clinic, practice={**practice, "tax_id": "1"}, facts=facts, **BY)

    def test_an_address_is_kept_beside_the_patient(self):
        pia = patient("Pia")
        save_details(patient=pia, facts={"sex": "F", **STREET}, **BY)
        assert PatientDetails.objects.get(patient=pia).zip == "01102"
