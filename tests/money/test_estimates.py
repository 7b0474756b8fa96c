"""A good faith estimate is due on the right day, follows its series, and covers all of it."""

from datetime import date, timedelta

import pytest

from billing.errors import MoneyRefused
from billing.models import Coverage, Estimate, Payer, Prepaid
from billing.services.documents import issue_estimate
from billing.services.estimating import ask_for_estimate, refresh_estimate
from billing.services.keeping_estimates import refresh_for, refresh_recent, refresh_site
from clinic.models import Journal
from scheduling.services.booking import book_visit
from scheduling.services.cancelling import cancel_series, cancel_visit
from scheduling.services.moving import move_visit
from tests.cast import DESK, MONDAY, NOW, at, house, patient, protocol
from tests.money.papers import BY, booked, known, priced
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db
FIRST = 300_00 + 7 * 220_00 + 3 * (450_00 + 50_00)
"""A screening with medical services, seven sessions of 90 minutes, three infusions."""


def due(series) -> Estimate | None:
    return refresh_estimate(series=series.pk, now=NOW)


class TestWhenItIsDue:
    def test_booked_ten_business_days_ahead_it_is_due_within_three(self):
        clinic = house()
        made = due(booked(patient(), clinic, MONDAY + timedelta(days=21)))
        assert (made.state, made.due_on) == ("due", date(2026, 12, 10))
        assert "due within 3 business days of the booking" in made.rule

    def test_a_holiday_and_a_closure_in_between_are_no_business_days(self):
        clinic = house(holidays=True)
        clinic.closures.create(first=date(2026, 12, 28), last=date(2026, 12, 28), reason="Works")
        christmas_eve = at(date(2026, 12, 24), "09:00")
        series = booked(patient(), clinic, date(2027, 1, 11), now=christmas_eve)
        made = refresh_estimate(series=series.pk, now=christmas_eve)
        # Christmas Day, the weekend and the closure are passed over: 29, 30, 31 December.
        assert made.due_on == date(2026, 12, 31)

    def test_booked_a_day_ahead_it_is_due_only_when_asked_for(self):
        series = booked(patient(), house())
        made = due(series)
        assert (made.state, made.due_on) == ("not_needed", None)
        assert "unless the patient asks" in made.rule
        asked = ask_for_estimate(series=series.pk, **BY)
        assert (asked.state, asked.due_on, asked.asked_for) == ("due", date(2026, 12, 10), True)

    def test_who_is_insured_gets_one_only_when_asked(self):
        clinic, pia = house(), patient()
        payer = Payer.objects.create(name="Example Health", payer_id="EX001")
        Coverage.objects.create(patient=pia, payer=payer, member_id="X1", first=MONDAY)
        series = booked(pia, clinic, MONDAY + timedelta(days=21))
        assert due(series).state == "not_needed"
        assert ask_for_estimate(series=series.pk, **BY).due_on == date(2026, 12, 10)


class TestWhatIsExpected:
    def test_every_visit_is_in_it_with_the_prices_of_its_day(self):
        clinic = house()
        priced(clinic)
        dearer = priced(clinic, {"96365": 500_00}, since=date(2026, 12, 31))
        made = due(booked(patient(), clinic))
        assert made.cents == FIRST + 50_00
        assert len({line["step"] for line in made.lines}) == 11
        assert dearer.valid_from <= date(2026, 12, 31)

    def test_a_package_is_named_with_its_price_and_its_visits_cost_nothing_more(self):
        clinic, pia = house(), patient()
        priced(clinic)
        series = booked(pia, clinic)
        Prepaid.objects.create(
            kind="package",
            patient=pia,
            site=clinic,
            series=series,
            name="Course",
            covers={"infusion": 3, "therapy": 7},
            cents=2_500_00,
            sold_at=NOW,
        )
        made = due(series)
        assert made.cents == 2_500_00 + 300_00
        assert made.lines[0]["what"] == "Package: Course"

    def test_a_code_without_a_price_is_said_and_the_estimate_not_issued(self):
        clinic = house()
        priced(clinic, {"90837": 220_00})
        made = due(booked(patient(), clinic))
        with pytest.raises(MoneyRefused, match="No price of 96365 is valid on 2026-12-17"):
            issue_estimate(estimate=made.pk, **BY)
        made.refresh_from_db()
        assert made.document is None

    def test_a_price_written_since_is_in_it_when_it_is_issued(self):
        clinic = house()
        made = due(booked(patient(), clinic))
        priced(clinic)
        assert issue_estimate(estimate=made.pk, **BY).cents == FIRST


class TestWhatFollows:
    def test_nothing_changed_makes_no_version(self):
        series = booked(patient(), house())
        assert due(series).version == 1
        assert due(series) is None

    def test_a_moved_visit_makes_the_next_and_the_one_before_is_kept(self):
        clinic = house()
        priced(clinic)
        known(clinic)
        series = booked(patient(), clinic, MONDAY + timedelta(days=21))
        issued = issue_estimate(estimate=due(series).pk, **BY)
        visit = series.appointments.get(step="th7")
        move_visit(
            appointment=visit.pk,
            starts_at=visit.starts_at + timedelta(days=1),
            cascade=False,
            **BY,
        )
        entry = Journal.objects.filter(action="visit.moved").latest("pk")
        assert refresh_for(entry, now=NOW) == 1
        first, second = Estimate.objects.order_by("version")
        assert (first.state, second.state) == ("superseded", "due")
        assert first.document == issued
        again = issue_estimate(estimate=second.pk, **BY)
        assert again.facts["replaces"] == "GFE-00001"

    def test_a_change_is_due_a_business_day_before_care(self):
        clinic = house()
        priced(clinic)
        series = booked(patient(), clinic, MONDAY + timedelta(days=7))
        issue_estimate(estimate=due(series).pk, **BY)
        cancel_visit(appointment=series.appointments.get(step="th7").pk, reason="ill", **BY)
        made = due(series)
        # Care is on Tuesday 15 December.
        assert made.due_on == date(2026, 12, 14)
        assert "changed" in made.rule

    def test_a_series_given_up_needs_none(self):
        series = booked(patient(), house(), MONDAY + timedelta(days=21))
        due(series)
        cancel_series(series=series.pk, reason="moves away", **BY)
        assert due(series).state == "not_needed"
        assert due(series) is None

    def test_what_a_worker_left_undone_is_found(self):
        clinic = house()
        booked(patient(), clinic, MONDAY + timedelta(days=21))
        visit = book_visit(
            patient=patient("Per"),
            site=clinic,
            version=protocol("maintenance"),
            step="inf1",
            starts_at=at(MONDAY + timedelta(days=18), "13:00"),
            **BY,
        )
        assert refresh_recent(within=timedelta(minutes=15), now=NOW) == 2
        assert Estimate.objects.filter(appointment=visit, state="due").count() == 1
        assert refresh_recent(within=timedelta(minutes=15), now=NOW) == 0

    def test_other_prices_make_the_next_version_of_what_was_given_out(self):
        clinic = house()
        priced(clinic)
        series = booked(patient(), clinic, MONDAY + timedelta(days=21))
        issue_estimate(estimate=due(series).pk, **BY)
        assert refresh_site(site=clinic.pk, now=NOW) == 0
        priced(clinic, {"96365": 500_00}, since=date(2026, 6, 1))
        assert refresh_site(site=clinic.pk, now=NOW) == 1
        newest = Estimate.objects.get(state="due")
        assert newest.cents == FIRST + 3 * 50_00
        # Care is on Tuesday 29 December.
        assert newest.due_on == date(2026, 12, 28)

    def test_asked_for_again_the_one_that_holds_is_printed_again(self):
        clinic = house()
        priced(clinic)
        series = booked(patient(), clinic, MONDAY + timedelta(days=21))
        made = due(series)
        first = issue_estimate(estimate=made.pk, **BY)
        with pytest.raises(MoneyRefused, match="print it again"):
            ask_for_estimate(series=series.pk, **BY)
        assert issue_estimate(estimate=made.pk, actor=DESK, now=NOW) == first


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_make_one_version():
    series = booked(patient(), house(), MONDAY + timedelta(days=21))
    told = all_at_once([lambda: due(series)] * 4)
    assert [one.error for one in told] == [None] * 4
    assert [one.version for one in Estimate.objects.all()] == [1]
