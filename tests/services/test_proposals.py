from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.errors import Refused, UnknownProtocol
from scheduling.selectors import propose_series, series_view
from scheduling.services.booking import book_series, hold_proposal
from tests.cast import DESK, MONDAY, NOW, house, off, patient, protocol

pytestmark = pytest.mark.django_db

EVERY = {
    "aud-kare": 11,
    "aud-single-met": 8,
    "aud-cue-retrieval": 3,
    "depression-induction": 8,
    "ptsd-induction": 7,
    "maintenance": 1,
    "kap": 16,
    "esketamine-rems": 12,
}


@pytest.mark.parametrize(("key", "visits"), EVERY.items())
def test_every_starter_protocol_is_proposed_and_booked_whole(key, visits):
    juniper, pia = house(), patient("Pia")
    protocol(key)
    found = propose_series(patient=pia, protocol_key=key, site=juniper, not_before=MONDAY, now=NOW)
    assert 1 <= len(found.offers) <= 3
    assert not found.blocked
    series = book_series(token=found.offers[0].token, actor=DESK, now=NOW)
    assert series.appointments.count() == visits


def test_every_visit_lies_in_its_window():
    juniper, pia = house(), patient("Pia")
    protocol("aud-kare")
    found = propose_series(
        patient=pia, protocol_key="aud-kare", site=juniper, not_before=MONDAY, now=NOW
    )
    series = book_series(token=found.offers[0].token, actor=DESK, now=NOW)
    for step in series_view(series).steps:
        assert step.earliest <= step.visit.starts_at.date() <= step.latest


def test_the_proposals_of_one_answer_differ_and_each_can_be_booked():
    juniper = house()
    protocol("aud-kare")
    pia = patient("Pia")
    found = propose_series(
        patient=pia, protocol_key="aud-kare", site=juniper, not_before=MONDAY, now=NOW
    )
    assert len({offer.token for offer in found.offers}) == 3
    assert all(offer.plan.reasons for offer in found.offers)
    hold_proposal(token=found.offers[1].token, actor=DESK, now=NOW)
    hold_proposal(token=found.offers[2].token, actor=DESK, now=NOW)
    book_series(token=found.offers[0].token, actor=DESK, now=NOW)


def test_where_nothing_fits_the_blocker_is_named():
    juniper, pia = house(), patient("Pia")
    protocol("aud-kare")
    for theirs in juniper.staff.filter(given_name__in=["Ana", "Theo"]):
        theirs.weekly_hours.all().delete()
    found = propose_series(
        patient=pia, protocol_key="aud-kare", site=juniper, not_before=MONDAY, now=NOW
    )
    assert not found.offers
    assert {blocked.step for blocked in found.blocked} & {"th1", "th2", "th3"}
    assert all(blocked.message for blocked in found.blocked)


def test_a_day_off_is_kept_free():
    juniper, pia = house(), patient("Pia")
    protocol("maintenance")
    for nurse in juniper.staff.filter(given_name__in=["Ines", "Noor"]):
        off(nurse, MONDAY)
    [offer, *_] = propose_series(
        patient=pia, protocol_key="maintenance", site=juniper, not_before=MONDAY, now=NOW
    ).offers
    start = offer.plan.visits[0].start
    assert start * 60 > (NOW + timedelta(hours=18)).timestamp()


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        (MONDAY - timedelta(days=1), None, "not_in_the_past"),
        (MONDAY + timedelta(days=541), None, "not_too_far_ahead"),
        (MONDAY, MONDAY - timedelta(days=1), "dates_in_order"),
    ],
)
def test_impossible_dates_are_refused(first, last, rule):
    juniper, pia = house(), patient("Pia")
    protocol("aud-kare")
    with pytest.raises(Refused) as refused:
        propose_series(
            patient=pia,
            protocol_key="aud-kare",
            site=juniper,
            not_before=first,
            not_after=last,
            now=NOW,
        )
    assert [refusal.rule for refusal in refused.value.refusals] == [rule]


def test_a_retired_protocol_is_unknown():
    juniper, pia = house(), patient("Pia")
    kare = protocol("aud-kare").protocol
    kare.retired = True
    kare.save()
    with pytest.raises(UnknownProtocol):
        propose_series(
            patient=pia, protocol_key="aud-kare", site=juniper, not_before=MONDAY, now=NOW
        )


def test_proposals_cost_three_queries_however_full_the_book_is():
    juniper = house()
    protocol("aud-kare")
    counts = set()
    for name in ("Pia", "Paul", "Petra"):
        who = patient(name)
        wanted = {
            "patient": who, "protocol_key": "aud-kare", "site": juniper,
            "not_before": MONDAY, "now": NOW,
        }  # fmt: skip
        propose_series(**wanted)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = propose_series(**wanted)
        counts.add(len(queries))
        book_series(token=found.offers[0].token, actor=DESK, now=NOW)
    assert counts == {3}


@pytest.mark.parametrize("days", [10, 300])
def test_the_first_proposals_after_an_edit_cost_the_same_however_far_they_look(days):
    juniper, pia = house(), patient("Pia")
    protocol("maintenance")
    with CaptureQueriesContext(connection) as queries:
        propose_series(
            patient=pia,
            protocol_key="maintenance",
            site=juniper,
            not_before=MONDAY,
            not_after=MONDAY + timedelta(days=days),
            now=NOW,
        )
    assert len(queries) == 15
