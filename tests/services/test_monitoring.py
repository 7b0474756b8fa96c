"""Who watches whom: given, swapped, balanced; the ratio holds at every minute after each."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from clinic.models import AvailabilityException, Journal, Site, Staff
from clinic.spans import minute
from scheduling import daybook
from scheduling.audit import violations
from scheduling.errors import PlanStale, Refused
from scheduling.models import Appointment, Claim, HandOver, ProtocolVersion, Series
from scheduling.selectors.monitoring import preview_balance, read_monitoring
from scheduling.services.booking import book_series, book_visit
from scheduling.services.floating import give_break, join_float
from scheduling.services.monitoring import (
    balance,
    give_monitoring,
    sign_hand_over,
    swap_nurses,
)
from scheduling.services.recovering import call_out
from scheduling.services.undoing import undo
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    house,
    kare_times,
    nurse,
    patient,
    protocol,
    site,
    token,
)

pytestmark = pytest.mark.django_db
THURSDAY = MONDAY + timedelta(days=10)


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def two(clinic) -> list[Appointment]:
    """Pia at eight and Per at half past ten."""
    kare = protocol()
    return [
        first(
            book_series(
                token=token(patient(name), kare, clinic, kare_times(clock=clock)),
                actor=DESK,
                now=NOW,
            )
        )
        for name, clock in (("Pia", "08:00"), ("Per", "10:30"))
    ]


def first(series: Series) -> Appointment:
    """The first infusion of a series."""
    return series.appointments.get(step="inf1")


def who(name: str) -> int:
    return Staff.objects.get(given_name=name).pk


def watching(visit: Appointment) -> list[str]:
    """Who watches a visit, phase by phase."""
    names = dict(Staff.objects.values_list("pk", "given_name"))
    found = read_monitoring(site=visit.site, day=THURSDAY, now=NOW).of(visit.pk)
    return [names.get(task.nurse, "nobody") for task in found]


def other(name: str) -> str:
    return "Noor" if name == "Ines" else "Ines"


def boundary(visit: Appointment, position: int):
    """When the phase of that number that needs a nurse begins."""
    found = read_monitoring(site=visit.site, day=THURSDAY, now=NOW).of(visit.pk)
    return NOW + timedelta(minutes=found[position].start - int(NOW.timestamp() // 60))


def sound() -> None:
    assert [str(one) for one in violations(now=NOW) if one.severity == "violation"] == []


def take_back() -> None:
    undo(
        entry=Journal.objects.filter(action__startswith="monitoring").last().pk, actor=DESK, now=NOW
    )


def given(visit, to: str, position: int = 0, **facts):
    return give_monitoring(
        appointment=visit.pk,
        at=boundary(visit, position),
        nurse=who(to),
        actor=DESK,
        now=NOW,
        **facts,
    )


def test_a_patient_is_given_from_a_phase_on_and_the_giver_is_taken_back(clinic, two):
    pia = two[0]
    had = watching(pia)
    to = other(had[0])
    given(pia, to, position=1)
    assert watching(pia) == [had[0], *[to] * (len(had) - 1)]
    sound()
    take_back()
    assert watching(pia) == had
    sound()


def test_off_duty_or_full_or_the_therapist_of_the_visit_is_refused_in_words(clinic, two):
    pia = two[0]
    late = nurse("Lou", clinic, hours=("13:00", "18:00"))
    assert refused(pia, late.given_name).startswith("Lou Example is not on duty Thu 17 Dec 08:")
    [alone] = set(watching(pia))
    hard = infusion(clinic, "Sol", "08:00", acuity=6)
    assert alone not in watching(hard)
    assert "The ratio would be broken Thu 17 Dec 08:10" in refused(hard, alone)

    treats(nurse("Tea", clinic), pia)
    assert "is the therapist or prescriber of this visit" in refused(pia, "Tea")
    day = daybook.read(site=clinic, first=THURSDAY, last=THURSDAY, now=NOW)
    barred = [task.barred for task in day.cover if task.visit == f"appointment:{pia.pk}"]
    assert set(barred) == {frozenset([who("Tea")])}


def treats(person: Staff, visit: Appointment) -> None:
    start = minute(visit.starts_at)
    Claim.objects.create(
        resource_id=person.pk,
        lane=0,
        start_minute=start,
        end_minute=start + 5,
        role=Claim.Role.THERAPIST,
        appointment=visit,
    )


def infusion(clinic, name: str, clock: str, **facts) -> Appointment:
    """One infusion by itself on Thursday."""
    known = ProtocolVersion.objects.filter(protocol__key="maintenance").first()
    return book_visit(
        patient=patient(name, **facts),
        site=clinic,
        version=known or protocol("maintenance"),
        step="inf1",
        starts_at=at(THURSDAY, clock),
        actor=DESK,
        now=NOW,
    )


def test_scenario_5_staggered_phases_and_ratio():
    """Prep 1:1, infusion 1:2, recovery 1:4, one patient whose acuity counts twice."""
    clinic = house()
    Site.objects.filter(pk=clinic.pk).update(start_grain_minutes=5)
    clinic.refresh_from_db()
    infusion(clinic, "Sol", "09:00", acuity=4)
    infusion(clinic, "Pia", "09:00")
    with pytest.raises(Refused) as no:
        infusion(clinic, "Per", "09:55")
    assert "10:05-10:10" in str(no.value)
    assert "nurse_cover_is_kept" in {one.rule for one in no.value.refusals}
    per = infusion(clinic, "Per", "10:00")
    [with_per] = {*watching(per)[:1]}
    assert all(watching(one)[2] != with_per for one in Appointment.objects.exclude(pk=per.pk))
    sound()


def refused(visit: Appointment, to: str) -> str:
    before = watching(visit)
    with pytest.raises(Refused) as no:
        given(visit, to)
    assert watching(visit) == before
    return str(no.value)


def test_two_nurses_swap_all_their_patients_from_a_phase_boundary(clinic, two):
    pia, per = two
    before = {visit.pk: watching(visit) for visit in two}
    swap = {"site": clinic.pk, "day": THURSDAY, "first": who("Ines"), "second": who("Noor")}
    swap_nurses(**swap, since=boundary(pia, 1), actor=DESK, now=NOW)
    assert watching(pia) == [before[pia.pk][0], *map(other, before[pia.pk][1:])]
    assert watching(per) == [*map(other, before[per.pk])]
    sound()
    take_back()
    assert {visit.pk: watching(visit) for visit in two} == before


def test_a_phase_begun_stays_with_its_nurse(clinic, two):
    pia = two[0]
    during = boundary(pia, 0) + timedelta(minutes=5)
    at_first = boundary(pia, 0)
    with pytest.raises(Refused, match="has begun or is over"):
        give_monitoring(
            appointment=pia.pk,
            at=at_first,
            nurse=who(other(watching(pia)[0])),
            actor=DESK,
            now=during,
        )
    give_monitoring(
        appointment=pia.pk,
        at=boundary(pia, 1),
        nurse=who(other(watching(pia)[0])),
        actor=DESK,
        now=during,
    )
    assert len(set(watching(pia))) == 2
    sound()


def test_a_balance_does_what_it_showed_and_only_while_it_is_fresh(clinic, two):
    for visit in two:
        if watching(visit)[0] != "Ines":
            given(visit, "Ines")
    shown = preview_balance(site=clinic, day=THURSDAY, now=NOW)
    assert shown.after.spread < shown.before.spread
    given(two[0], "Noor", position=len(watching(two[0])) - 1)
    with pytest.raises(PlanStale, match="meanwhile"):
        balance(site=clinic.pk, day=THURSDAY, plan=shown.token, actor=DESK, now=NOW)
    fresh = preview_balance(site=clinic, day=THURSDAY, now=NOW)
    balance(site=clinic.pk, day=THURSDAY, plan=fresh.token, actor=DESK, now=NOW)
    assert {*watching(two[0]), *watching(two[1])} == {"Ines", "Noor"}
    assert not fresh.after.hand_overs
    sound()
    with pytest.raises(PlanStale):
        balance(site=clinic.pk, day=THURSDAY, plan=fresh.token, actor=DESK, now=NOW)
    take_back()
    sound()


def test_a_float_nurse_joins_for_two_hours_and_can_be_given_patients(clinic, two):
    away = site("Willow House")
    floats = nurse("Flo", away, weekdays=[0])
    join = {"site": clinic.pk, "day": THURSDAY, "nurse": floats.pk}
    join_float(**join, starts=time(8), ends=time(13), actor=DESK, now=NOW)
    given(two[0], "Flo")
    assert set(watching(two[0])) == {"Flo"}
    sound()
    with pytest.raises(Refused, match="is on duty here"):
        join_float(**join, starts=time(9), ends=time(11), actor=DESK, now=NOW)


def test_a_float_nurse_needs_valid_credentials_and_is_not_at_work_elsewhere(clinic):
    away = site("Willow House")
    busy, lapsed = nurse("Bea", away), nurse("Lia", away, weekdays=[0], credentials=["acls"])
    for person, why in ((busy, "works at Willow House"), (lapsed, "no valid nursing_licence")):
        with pytest.raises(Refused, match=why):
            join_float(
                site=clinic.pk,
                day=THURSDAY,
                nurse=person.pk,
                starts=time(9),
                ends=time(11),
                actor=DESK,
                now=NOW,
            )
    assert not AvailabilityException.objects.exists()
    assert list(lapsed.sites.all()) == [away]


def test_a_break_is_given_where_others_cover_and_refused_where_they_cannot(clinic, two):
    [nurse_of] = {*watching(two[0])}
    rest = {"site": clinic.pk, "day": THURSDAY, "starts": time(9), "ends": time(9, 30)}
    give_break(**rest, nurse=who(nurse_of), actor=DESK, now=NOW)
    sound()
    [middle] = {
        name
        for name, task in zip(
            watching(two[0]),
            read_monitoring(site=clinic, day=THURSDAY, now=NOW).of(two[0].pk),
            strict=True,
        )
        if task.start < boundary_of("09:30") and task.end > boundary_of("09:00")
    }
    assert middle == other(nurse_of)
    with pytest.raises(Refused, match="cannot rest then"):
        give_break(**rest, nurse=who(middle), actor=DESK, now=NOW)
    assert AvailabilityException.objects.count() == 1


def boundary_of(clock: str) -> int:
    return int(at(THURSDAY, clock).timestamp() // 60)


def test_who_takes_over_signs_once_it_is_time(clinic, two):
    pia = two[0]
    giver = watching(pia)[0]
    given(pia, other(giver), position=1)
    over = boundary(pia, 1)
    sign = {"appointment": pia.pk, "at": over, "actor": DESK}
    with pytest.raises(Refused, match="takes over and signs"):
        sign_hand_over(**sign, signer=who(giver), now=over)
    with pytest.raises(Refused, match="sign it when"):
        sign_hand_over(**sign, now=NOW)
    row = sign_hand_over(**sign, signer=who(other(giver)), note="calm", now=over)
    assert (row.giver_id, row.taker_id, row.note) == (who(giver), who(other(giver)), "calm")
    sign_hand_over(**sign, now=over)
    assert HandOver.objects.count() == 1


def test_an_uncovered_visit_given_a_nurse_is_booked_again(clinic, two):
    pia = two[0]
    for name in ("Ines", "Noor"):
        call_out(
            staff=who(name),
            starts_at=at(THURSDAY, "00:00"),
            ends_at=at(THURSDAY, "23:59"),
            reason="ill",
            actor=DESK,
            now=NOW,
        )
    pia.refresh_from_db()
    assert (pia.status, set(watching(pia))) == ("uncovered", {"nobody"})
    floats = nurse("Flo", clinic)
    given(pia, floats.given_name)
    pia.refresh_from_db()
    assert (pia.status, set(watching(pia))) == ("booked", {"Flo"})
