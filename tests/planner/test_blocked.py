"""No series fits: the true blocker is named, and the way out is a real one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from scheduling.planner.plans import Blocked, Request
from scheduling.planner.search import propose
from tests.planner.cast import Clinic, depression, harbour, infusion, kap, kare, maintenance, wants


def blockers(clinic: Clinic, request: Request) -> tuple[Blocked, ...]:
    diary = clinic.diary()
    result = propose(request, diary)
    assert not result.plans
    for blocked in result.blocked:
        if blocked.relax:
            eased = propose(replace(request, **blocked.relax.change), diary)
            assert eased.plans
            finish = max(visit.end for visit in eased.plans[0].visits)
            assert diary.date_of(finish) <= blocked.relax.finish
    return result.blocked


def test_the_asked_for_therapist_is_away() -> None:
    clinic = harbour()
    ana = clinic.people[0]
    clinic.off(ana, "7 Dec 00:00", "31 Mar 00:00")
    clinic.busy(ana, "7 Dec 08:00", "09:00")
    ana.off[0] = clinic.span("8 Dec 00:00", "31 Mar 00:00")
    first = blockers(clinic, wants(kare(), staff=[ana.id]))[0]
    assert (first.rule, first.resource) == ("clinician_is_on_duty", "Ana")
    assert first.relax is not None
    assert first.relax.change == {"staff": frozenset()}


def test_the_hours_asked_for_are_too_short_for_an_infusion() -> None:
    first = blockers(harbour(), wants(kare(), latest="10:00"))[0]
    assert (first.step, first.rule) == ("inf1", "preferred_hours")
    assert "140 minutes" in first.message
    assert first.relax is not None
    assert first.relax.change == {"latest": None}


def test_the_infusion_rooms_are_taken() -> None:
    clinic = harbour()
    for room in clinic.rooms[:2]:
        clinic.busy(room, "7 Dec 00:00", "31 Mar 00:00")
    told = blockers(clinic, wants(kare()))
    assert [blocked.rule for blocked in told] == ["room_is_free"]
    assert told[0].resource == "Room 1 and Room 2"
    assert told[0].step == "inf1"


def test_one_week_without_a_room_blocks_the_infusion_that_falls_in_it() -> None:
    clinic = harbour()
    for room in clinic.rooms[:2]:
        clinic.busy(room, "21 Dec 00:00", "26 Dec 00:00")
    told = blockers(clinic, wants(kare(), within=8))
    assert told[0].rule == "room_is_free"
    assert told[0].step == "inf2"
    assert "from Mon 21 Dec to Wed 23 Dec" in told[0].message


def test_nurses_leave_before_an_infusion_can_end() -> None:
    clinic = harbour()
    for nurse in clinic.people[3:]:
        nurse.hours = ("08:00", "09:30")
    told = blockers(clinic, wants(kare()))
    assert [(blocked.rule, blocked.step) for blocked in told] == [("nurse_cover_is_kept", "inf1")]


def test_high_acuity_needs_more_than_the_nurses_have() -> None:
    clinic = harbour(nurse_lanes=4)
    for nurse in clinic.people[3:]:
        nurse.busy += [(0, low, high) for low, high in clinic.open_spans()]
    assert propose(wants(kare(), acuity=1, limit=1), clinic.diary()).plans == ()
    told = blockers(clinic, wants(kare(), acuity=6))
    assert told[0].rule == "nurse_cover_is_kept"
    assert "4 lanes of one nurse" in told[0].message


def test_nobody_with_the_credential_stays_long_enough() -> None:
    clinic = harbour()
    protocol = maintenance()
    step = replace(protocol.steps[0], phases=infusion(presence=["acls"]))
    protocol = replace(protocol, steps=(step,))
    clinic.presence_spans = [(low, low + 60) for low, _ in clinic.open_spans()]
    told = blockers(clinic, wants(protocol))
    assert [(blocked.rule, blocked.resource) for blocked in told] == [("presence_is_kept", "ACLS")]


def test_the_only_prescribers_credential_has_expired() -> None:
    clinic = harbour()
    clinic.expired(clinic.people[2], "prescriber", "7 Dec 00:00", "31 Mar 00:00")
    told = blockers(clinic, wants(kare()))
    assert (told[0].rule, told[0].resource) == ("clinician_is_qualified", "Dr Cho")


def test_a_credential_that_expires_midway_is_the_blocker() -> None:
    clinic = harbour()
    clinic.expired(clinic.people[2], "prescriber", "14 Dec 00:00", "31 Mar 00:00")
    told = blockers(clinic, wants(depression(), not_before=date(2026, 12, 8)))
    assert told[0].rule == "clinician_is_qualified"
    assert told[0].step == "review"


def test_the_site_has_no_such_room() -> None:
    clinic = harbour()
    clinic.rooms = clinic.rooms[2:]
    told = blockers(clinic, wants(kare()))
    assert [(blocked.rule, blocked.resource) for blocked in told] == [
        ("room_has_capability", "infusion")
    ]


def test_the_first_day_is_asked_for_too_soon() -> None:
    first = blockers(harbour(), wants(kare(), within=3))[0]
    assert (first.step, first.rule, first.resource) == ("screening", "window_is_kept", "not_after")
    assert first.relax is not None
    assert first.relax.change == {"not_after": date(2026, 12, 14)}


def test_a_booster_is_too_late() -> None:
    request = wants(maintenance(), completed={"previous_infusion": date(2026, 8, 1)})
    first = blockers(harbour(), request)[0]
    assert (first.rule, first.resource) == ("window_is_kept", "the previous infusion")
    assert "Sat 22 Aug to Fri 30 Oct" in first.message


def test_a_booster_is_too_early() -> None:
    done = {"previous_infusion": date(2026, 12, 1)}
    first = blockers(harbour(), wants(maintenance(), within=10, completed=done))[0]
    assert first.relax is not None
    assert first.relax.change == {"not_after": date(2026, 12, 22)}


def test_no_one_therapist_has_all_the_weeks() -> None:
    clinic = harbour()
    clinic.off(clinic.people[0], "20 Dec 00:00", "31 Mar 00:00")
    clinic.off(clinic.people[1], "7 Dec 00:00", "20 Dec 00:00")
    told = blockers(clinic, wants(kare(), within=10))
    assert "one_therapist_throughout" in [blocked.rule for blocked in told]


def test_the_patients_own_diary_is_full() -> None:
    clinic = harbour()
    clinic.patient_busy.append(clinic.span("7 Dec 00:00", "31 Mar 00:00"))
    assert [b.rule for b in blockers(clinic, wants(maintenance()))] == ["patient_is_free"]


def test_visits_are_longer_than_the_site_is_open() -> None:
    told = blockers(harbour(hours=("09:00", "11:00")), wants(kare()))
    assert (told[0].rule, told[0].resource) == ("site_is_open", "Harbour")


def test_two_things_together_name_the_scarcest() -> None:
    clinic = harbour(days=120)
    for room in clinic.rooms[:2]:
        clinic.busy(room, "7 Dec 00:00", "31 Mar 00:00")
    for nurse in clinic.people[3:]:
        clinic.off(nurse, "7 Dec 00:00", "31 Mar 00:00")
    told = blockers(clinic, wants(kap(2)))
    assert len(told) == 1
    assert told[0].rule in {"room_is_free", "nurse_cover_is_kept"}
    assert "Several things together" in told[0].message


def test_a_later_first_day_is_offered_when_it_helps() -> None:
    clinic = harbour()
    for room in clinic.rooms[:2]:
        clinic.busy(room, "7 Dec 00:00", "28 Dec 00:00")
    told = blockers(clinic, wants(maintenance(), within=14))
    late = [blocked for blocked in told if blocked.resource == "not_after"]
    assert late
    assert late[0].relax is not None
    assert late[0].relax.change == {"not_after": date(2026, 12, 28)}
