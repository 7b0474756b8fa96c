"""Somebody, a room or the site is out: nobody is forgotten, nothing is done twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic.models import Absence, Staff
from scheduling.audit import violations
from scheduling.errors import PlanStale
from scheduling.models import Appointment, Claim, ProtocolVersion, Recovery, Series, Status
from scheduling.services.bettering import improve_recovery, waiting_recoveries
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.recovering import accept_recovery, call_out, come_back, replan
from scheduling.services.remedies import with_companions
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
THURSDAY = MONDAY + timedelta(days=10)
CLOCKS = ("08:00", "10:30", "13:00", "15:15")


@pytest.fixture
def clinic():
    protocol("aud-kare")
    return house()


@pytest.fixture
def four(clinic) -> list[Series]:
    """Four series, one after the other through each of their days."""
    kare = ProtocolVersion.objects.get()
    return [
        book_series(
            token=token(patient(name), kare, clinic, kare_times(clock=clock)), actor=DESK, now=NOW
        )
        for name, clock in zip(("Pia", "Per", "Pol", "Pat"), CLOCKS, strict=True)
    ]


def sound() -> list[str]:
    found = [str(one) for one in violations(now=NOW) if one.severity == "violation"]
    return found


def out(day=THURSDAY, starts="00:00", ends="23:59", **what) -> Recovery:
    return call_out(
        **what,
        starts_at=at(day, starts),
        ends_at=at(day, ends),
        reason="ill",
        actor=DESK,
        now=NOW,
    )


def named(role: str, series: Series, step: str) -> int:
    return series.appointments.get(step=step).claims.filter(role=role)[0].resource_id


def ids(items) -> set[int]:
    return {item["appointment"] for item in items}


def everything(recovery: Recovery) -> list[int]:
    lists = (recovery.reassigned, recovery.moves, recovery.stranded)
    return sorted(item["appointment"] for one in lists for item in one)


def test_a_nurse_is_ill_and_another_takes_over_at_the_same_time(four):
    ines = named("monitoring_nurse", four[0], "inf1")
    recovery = out(staff=ines)
    assert recovery.affected
    assert everything(recovery) == recovery.affected
    low, high = (int(at(THURSDAY, clock).timestamp() // 60) for clock in ("00:00", "23:59"))
    held = Claim.objects.filter(resource=ines, start_minute__gte=low, end_minute__lte=high)
    assert not held.exists()
    assert sound() == []
    for item in recovery.reassigned:
        assert item["from"] == item["to"]


def test_the_second_call_for_the_same_nurse_touches_nobody(four):
    ines = named("monitoring_nurse", four[0], "inf1")
    out(staff=ines)
    before = list(Claim.objects.order_by("pk").values())
    again = out(staff=ines)
    assert again.affected == []
    assert list(Claim.objects.order_by("pk").values()) == before


def test_scenario_6_a_clinician_is_ill_over_twelve_visits_of_four_series(four):
    """Nobody silently orphaned; gaps kept; completed pinned; a second run changes nothing."""
    series = four[0]
    ana = series.therapist_id
    mine = Appointment.objects.filter(claims__resource=ana, claims__role="therapist").distinct()
    first, last = mine.first(), mine.last()
    Appointment.objects.filter(pk=first.pk).update(status=Status.DISCHARGED)
    recovery = call_out(
        staff=ana,
        starts_at=first.starts_at,
        ends_at=last.ends_at,
        reason="ill",
        actor=DESK,
        now=NOW,
    )
    assert len(recovery.affected) >= 12
    assert first.pk not in recovery.affected
    assert everything(recovery) == recovery.affected
    waiting = ids(recovery.moves) | ids(recovery.stranded)
    assert (
        set(Appointment.objects.filter(status=Status.UNCOVERED).values_list("pk", flat=True))
        == waiting
    )
    assert sound() == []

    done = accept_recovery(recovery=recovery.pk, version=recovery.version, actor=DESK, now=NOW)
    assert {visit.pk for visit in done} == waiting
    assert sound() == []
    assert not Appointment.objects.filter(status=Status.UNCOVERED).exists()
    for visit in Appointment.objects.filter(status=Status.TO_REBOOK):
        assert not visit.claims.exists()

    before = list(Appointment.objects.order_by("pk").values())
    again = accept_recovery(recovery=recovery.pk, version=recovery.version, actor=DESK, now=NOW)
    assert [visit.pk for visit in again] == [visit.pk for visit in done]
    assert list(Appointment.objects.order_by("pk").values()) == before


def test_a_room_is_out_and_its_visits_go_to_another_room_at_the_same_time(four):
    room = named("room", four[0], "inf1")
    recovery = out(room=room)
    assert recovery.affected
    assert everything(recovery) == recovery.affected
    assert not Claim.objects.filter(resource=room, appointment__starts_at__date=THURSDAY).exists()
    assert sound() == []


def test_snow_closes_the_site_and_everybody_waits_for_another_day(four, clinic):
    recovery = out(site=clinic.pk)
    assert len(recovery.affected) == 4
    assert ids(recovery.stranded) == set(recovery.affected)
    assert all(item["reason"] for item in recovery.stranded)
    assert sound() == []
    accept_recovery(recovery=recovery.pk, actor=DESK, now=NOW)
    stands = Appointment.objects.filter(pk__in=recovery.affected).values_list("status", flat=True)
    assert set(stands) == {Status.TO_REBOOK}
    assert sound() == []


def test_parts_are_accepted_one_by_one(four, clinic):
    recovery = out(site=clinic.pk)
    [first, *others] = recovery.affected
    accept_recovery(recovery=recovery.pk, only=[first], actor=DESK, now=NOW)
    recovery.refresh_from_db()
    assert recovery.status != "accepted"
    assert Appointment.objects.get(pk=first).status == Status.TO_REBOOK
    assert Appointment.objects.get(pk=others[0]).status == Status.UNCOVERED
    accept_recovery(recovery=recovery.pk, actor=DESK, now=NOW)
    recovery.refresh_from_db()
    assert recovery.status == "accepted"


def test_who_makes_room_for_a_chosen_visit_comes_along_and_who_makes_room_for_them():
    moves = [
        {"appointment": 1, "with": [2]},
        {"appointment": 2, "with": [3]},
        {"appointment": 3, "with": [2]},
        {"appointment": 4, "with": [1]},
    ]
    assert with_companions(Recovery(moves=moves), [1, 9]) == {1, 2, 3, 9}


def test_an_old_version_is_refused_and_nothing_is_done(four, clinic):
    recovery = out(site=clinic.pk)
    replan(recovery=recovery.pk, actor=DESK, now=NOW)
    with pytest.raises(PlanStale):
        accept_recovery(recovery=recovery.pk, version=recovery.version, actor=DESK, now=NOW)
    assert not Appointment.objects.filter(status=Status.TO_REBOOK).exists()


def test_a_visit_cancelled_meanwhile_is_no_obstacle(four, clinic):
    recovery = out(site=clinic.pk)
    gone = recovery.affected[0]
    cancel_visit(appointment=gone, reason="snowed in", actor=DESK, now=NOW)
    accept_recovery(recovery=recovery.pk, actor=DESK, now=NOW)
    assert Appointment.objects.get(pk=gone).status == Status.CANCELLED
    assert sound() == []


def test_when_they_are_well_again_nobody_waits_any_more(four):
    for nurse in Staff.objects.filter(roles=["monitoring_nurse"]):
        last = out(staff=nurse.pk)
    assert ids(last.moves) | ids(last.stranded)
    for recovery in Recovery.objects.order_by("-pk"):
        come_back(recovery=recovery.pk, actor=DESK, now=NOW)
    assert not Absence.objects.exists()
    assert not Appointment.objects.filter(status=Status.UNCOVERED).exists()
    assert sound() == []


def test_a_worker_betters_the_plan_once_and_leaves_it_ready(four, clinic):
    recovery = out(site=clinic.pk)
    assert waiting_recoveries(now=NOW) == []
    improve_recovery(recovery=recovery.pk, seconds=0.2, clock=lambda: NOW)
    recovery.refresh_from_db()
    assert (recovery.status, recovery.version) == ("ready", 1)
    assert improve_recovery(recovery=recovery.pk, seconds=0.2, clock=lambda: NOW) == 0


def test_a_plan_whose_worker_died_is_taken_up_again(four, clinic):
    recovery = out(site=clinic.pk)
    Recovery.objects.update(measures={**recovery.measures, "worker": "gone"})
    assert improve_recovery(recovery=recovery.pk, seconds=0.1, clock=lambda: NOW) == 0
    later = NOW + timedelta(minutes=2)
    assert waiting_recoveries(now=later) == [recovery.pk]
    improve_recovery(recovery=recovery.pk, seconds=0.1, clock=lambda: later)
    recovery.refresh_from_db()
    assert recovery.status == "ready"


def test_whoever_is_in_the_chair_stays_there_and_is_known_to_be_without_a_nurse(four):
    visit = four[0].appointments.get(step="inf1")
    Appointment.objects.filter(pk=visit.pk).update(status=Status.INFUSING)
    midway = visit.starts_at + timedelta(minutes=40)
    said = {"ends_at": at(THURSDAY, "23:59"), "reason": "ill", "actor": DESK, "now": midway}
    nurses = Staff.objects.filter(roles=["monitoring_nurse"])
    for nurse in nurses:
        last = call_out(staff=nurse.pk, starts_at=midway, **said)
    [item] = [item for item in last.stranded if item["appointment"] == visit.pk]
    assert item["uncovered_from"] == midway.astimezone(visit.site.zone).isoformat()
    watched = visit.claims.filter(role="monitoring_nurse")
    assert {claim.end_minute for claim in watched} <= {
        int(midway.timestamp()) // 60,
        *(int(phase.ends_at.timestamp()) // 60 for phase in visit.phases.all()),
    }
    found = [one for one in violations(now=midway) if one.appointment == visit.pk]
    assert found
    assert {one.severity for one in found} == {"warning"}
    accept_recovery(recovery=last.pk, actor=DESK, now=midway)
    visit.refresh_from_db()
    assert visit.status == Status.INFUSING
    assert visit.claims.filter(role="room").exists()


def test_a_visit_that_needs_life_support_on_site_is_touched_when_the_last_who_has_it_leaves(four):
    keeps = Staff.objects.filter(credentials__kind="acls").distinct()
    nurse = keeps.filter(roles=["monitoring_nurse"]).first()
    for other in keeps.exclude(pk=nurse.pk):
        other.credentials.filter(kind="acls").delete()
    for series in four:
        series.appointments.get(step="inf1").claims.filter(resource=nurse.pk).delete()
    recovery = out(staff=nurse.pk)
    assert recovery.affected == sorted(s.appointments.get(step="inf1").pk for s in four)
    assert ids(recovery.stranded) == set(recovery.affected)
