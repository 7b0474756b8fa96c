"""Each rule by its name, and what it tells the person at the desk."""

from __future__ import annotations

from datetime import date

from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.protocols import THERAPIST, Gap, Phase, Protocol, RoleNeed, RoomNeed, Step
from scheduling.planner.rules import check
from tests.planner.cast import Clinic, Fixture, harbour, infusion, kap, kare, ptsd, visit

KARE = kare()


def refusals(clinic: Clinic, *visits: PlannedVisit, **more: object) -> list[Refusal]:
    protocol = more.pop("protocol", KARE)
    return check(visits, clinic.diary(), protocol, acuity=more.pop("acuity", 1), **more)  # type: ignore[arg-type]


def rules(clinic: Clinic, *visits: PlannedVisit, **more: object) -> list[str]:
    return [refusal.rule for refusal in refusals(clinic, *visits, **more)]


def infusion_at(
    clinic: Clinic, when: str, room: Fixture | None = None, **more: object
) -> PlannedVisit:
    return visit(KARE.step("inf1"), clinic.at(when), room or clinic.rooms[1], **more)  # type: ignore[arg-type]


def therapy_at(clinic: Clinic, when: str, step: str = "th2", who: int = 0) -> PlannedVisit:
    return visit(KARE.step(step), clinic.at(when), clinic.rooms[2], therapist=clinic.people[who])


def test_a_visit_that_keeps_every_rule_is_not_refused() -> None:
    clinic = harbour()
    assert rules(clinic, infusion_at(clinic, "8 Dec 09:00")) == []


def test_a_visit_must_end_by_closing_time() -> None:
    clinic = harbour()
    found = refusals(clinic, infusion_at(clinic, "8 Dec 15:00"))
    assert "site_is_open" in [refusal.rule for refusal in found]
    assert "open 08:00-17:00 on Tue 8 Dec" in found[0].message


def test_a_closed_day_says_so() -> None:
    clinic = harbour()
    assert (
        "closed on Sun 13 Dec" in refusals(clinic, infusion_at(clinic, "13 Dec 09:00"))[0].message
    )


def test_nothing_starts_in_the_past() -> None:
    clinic = harbour(now="8 Dec 09:01")
    assert rules(clinic, infusion_at(clinic, "8 Dec 09:00")) == ["not_in_the_past"]


def test_a_patient_is_in_one_place_at_a_time() -> None:
    clinic = harbour()
    clinic.patient_busy.append(clinic.span("8 Dec 10:00", "11:00"))
    found = refusals(clinic, infusion_at(clinic, "8 Dec 09:00"))
    assert [refusal.rule for refusal in found] == ["patient_is_free"]
    assert "10:00-11:00" in found[0].message
    assert "11:00 would do" in found[0].message


def test_a_room_needs_the_capability() -> None:
    clinic = harbour()
    found = refusals(clinic, infusion_at(clinic, "8 Dec 09:00", clinic.rooms[2]))
    assert found[0].rule == "room_has_capability"
    assert "Room 1 or Room 2 would do" in found[0].message


def test_a_room_needs_its_turnover_before_the_next_patient() -> None:
    clinic = harbour()
    clinic.busy(clinic.rooms[1], "8 Dec 11:30", "12:30")
    found = refusals(clinic, infusion_at(clinic, "8 Dec 09:00"))
    assert [refusal.rule for refusal in found] == ["room_is_free"]
    assert "11:30-11:35" in found[0].message
    assert "Room 1 is free then" in found[0].message


def test_turnover_may_run_past_closing_time() -> None:
    clinic = harbour()
    assert rules(clinic, infusion_at(clinic, "8 Dec 14:40")) == []


def test_a_private_visit_takes_every_chair_of_its_room() -> None:
    clinic = harbour()
    dosing = kap().step("dosing1")
    ana = clinic.people[0]
    one_chair = visit(dosing, clinic.at("8 Dec 09:00"), clinic.rooms[0], [0], therapist=ana)
    whole = visit(dosing, clinic.at("8 Dec 09:00"), clinic.rooms[0], [0, 1], therapist=ana)
    assert rules(clinic, one_chair, protocol=kap()) == ["room_is_free"]
    assert rules(clinic, whole, protocol=kap()) == []
    clinic.busy(clinic.rooms[0], "8 Dec 10:00", "10:30", lanes=[1])
    assert rules(clinic, whole, protocol=kap()) == ["room_is_free"]


def test_two_chairs_of_one_room_serve_two_patients() -> None:
    clinic = harbour()
    clinic.busy(clinic.rooms[0], "8 Dec 09:00", "12:00", lanes=[0])
    beside = infusion_at(clinic, "8 Dec 09:00", clinic.rooms[0], lanes=[1])
    assert rules(clinic, beside) == []


def test_a_clinician_needs_the_role() -> None:
    clinic = harbour()
    wrong = visit(
        KARE.step("th2"), clinic.at("8 Dec 09:00"), clinic.rooms[2], therapist=clinic.people[2]
    )
    found = refusals(clinic, wrong)
    assert [refusal.rule for refusal in found] == ["clinician_is_qualified"]
    assert "Ana or Ben could" in found[0].message


def test_a_clinician_needs_the_skills() -> None:
    clinic = harbour()
    need = RoleNeed(THERAPIST, frozenset({"EMDR"}))
    step = Step("t", "Therapy", "therapy", (Phase("talk", 60, RoomNeed("therapy"), (need,)),))
    protocol = Protocol("p", 1, "P", (step,), "t")
    plain = visit(step, clinic.at("8 Dec 09:00"), clinic.rooms[2], therapist=clinic.people[0])
    assert "Ana lacks EMDR" in refusals(clinic, plain, protocol=protocol)[0].message
    clinic.people[1].skills = frozenset({"EMDR"})
    able = visit(step, clinic.at("8 Dec 09:00"), clinic.rooms[2], therapist=clinic.people[1])
    assert rules(clinic, able, protocol=protocol) == []


def test_an_expired_credential_stops_a_clinician_from_that_day_on() -> None:
    clinic = harbour()
    clinic.expired(clinic.people[0], THERAPIST, "9 Dec 00:00", "31 Dec 00:00")
    assert rules(clinic, therapy_at(clinic, "8 Dec 09:00")) == []
    found = refusals(clinic, therapy_at(clinic, "9 Dec 09:00"))
    assert [refusal.rule for refusal in found] == ["clinician_is_qualified"]
    assert "no valid credential as therapist on Wed 9 Dec" in found[0].message


def test_a_clinician_on_leave_is_not_on_duty() -> None:
    clinic = harbour()
    clinic.off(clinic.people[0], "8 Dec 12:00", "17:00")
    found = refusals(clinic, therapy_at(clinic, "8 Dec 11:00"))
    assert [refusal.rule for refusal in found] == ["clinician_is_on_duty"]
    assert "on duty 08:00-12:00" in found[0].message


def test_a_clinician_has_one_patient_at_a_time() -> None:
    clinic = harbour()
    clinic.busy(clinic.people[0], "8 Dec 10:00", "11:00")
    found = refusals(clinic, therapy_at(clinic, "8 Dec 09:00"))
    assert [refusal.rule for refusal in found] == ["clinician_is_free"]
    assert "A start at 11:00 would do" in found[0].message


def test_a_dosing_phase_keeps_the_therapist_to_its_end() -> None:
    clinic = harbour()
    clinic.busy(clinic.people[0], "8 Dec 11:55", "12:30")
    dosing = visit(
        kap().step("dosing1"), clinic.at("8 Dec 09:00"), clinic.rooms[1], therapist=clinic.people[0]
    )
    assert rules(clinic, dosing, protocol=kap()) == ["clinician_is_free"]


def test_nurses_are_counted_in_the_words_of_the_ward() -> None:
    clinic = harbour()
    clinic.off(clinic.people[4], "8 Dec 00:00", "23:59")
    clinic.monitors(clinic.people[3], "8 Dec 09:25", "10:00", [0])
    found = refusals(clinic, infusion_at(clinic, "8 Dec 09:00"))
    assert [refusal.rule for refusal in found] == ["nurse_cover_is_kept"]
    assert "Tue 8 Dec 09:25-09:30: 4 lanes needed, 4 nurse lanes are on duty, 3 free" in (
        found[0].message
    )


def test_presence_ends_when_the_last_holder_leaves() -> None:
    clinic = harbour()
    step = Step("inf1", "Infusion 1", "infusion", infusion(presence=["acls"]))
    protocol = Protocol("p", 1, "P", (step,), "inf1")
    for day in ("8", "9"):
        clinic.presence("acls", f"{day} Dec 08:00", "15:00")
    late = visit(step, clinic.at("8 Dec 13:00"), clinic.rooms[1])
    found = refusals(clinic, late, protocol=protocol)
    assert [refusal.rule for refusal in found] == ["presence_is_kept"]
    assert "Nobody with ACLS is on site Tue 8 Dec 15:00-15:20" in found[0].message
    early = visit(step, clinic.at("8 Dec 12:40"), clinic.rooms[1])
    assert rules(clinic, early, protocol=protocol) == []


def test_a_gap_in_days_counts_site_dates() -> None:
    clinic = harbour()
    anchors = {"inf1": clinic.span("8 Dec 14:00", "16:20")}
    assert rules(clinic, therapy_at(clinic, "9 Dec 08:00"), anchors=anchors) == []
    found = refusals(clinic, therapy_at(clinic, "11 Dec 08:00"), anchors=anchors)
    assert [refusal.rule for refusal in found] == ["window_is_kept"]
    assert "1 to 2 days after Infusion 1 (Tue 8 Dec), Wed 9 Dec to Thu 10 Dec" in found[0].message


def test_a_gap_in_hours_counts_elapsed_time() -> None:
    clinic = harbour()
    talk = KARE.step("th2")
    gap = Gap("inf1", 24, 48, "hours")
    hours = Step("th2", "Therapy 2", "therapy", talk.phases, (gap,))
    protocol = Protocol("p", 1, "P", (KARE.step("inf1"), hours), "inf1")
    anchors = {"inf1": clinic.span("8 Dec 09:00", "11:20")}
    ana = clinic.people[0]
    soon = visit(hours, clinic.at("9 Dec 11:15"), clinic.rooms[2], therapist=ana)
    exact = visit(hours, clinic.at("9 Dec 11:20"), clinic.rooms[2], therapist=ana)
    assert rules(clinic, soon, protocol=protocol, anchors=anchors) == ["window_is_kept"]
    assert rules(clinic, exact, protocol=protocol, anchors=anchors) == []


def test_a_step_done_long_ago_still_binds_by_its_date() -> None:
    clinic = harbour()
    first = infusion_at(clinic, "8 Dec 09:00")
    assert rules(clinic, first, anchors={"screening": date(2026, 11, 30)}) == []
    assert rules(clinic, first, anchors={"screening": date(2026, 10, 30)}) == ["window_is_kept"]


def test_a_protocols_weekdays_are_kept() -> None:
    clinic = harbour()
    tuesday = visit(ptsd().step("inf1"), clinic.at("8 Dec 09:00"), clinic.rooms[1])
    found = refusals(clinic, tuesday, protocol=ptsd())
    assert [refusal.rule for refusal in found] == ["weekday_is_allowed"]
    assert "for Monday, Wednesday or Friday, not Tuesday" in found[0].message


def test_a_series_has_one_therapist_throughout() -> None:
    clinic = harbour()
    anchors = {"inf1": clinic.span("8 Dec 09:00", "11:20")}
    ben = therapy_at(clinic, "9 Dec 09:00", who=1)
    found = refusals(clinic, ben, anchors=anchors, therapist=clinic.people[0].id)
    assert [refusal.rule for refusal in found] == ["one_therapist_throughout"]
    assert "with Ben, the series with Ana" in found[0].message


def test_a_series_has_one_visit_a_day() -> None:
    clinic = harbour()
    protocol = Protocol("p", 1, "P", (KARE.step("inf1"), KARE.step("th1")), "inf1")
    both = [infusion_at(clinic, "8 Dec 09:00"), therapy_at(clinic, "8 Dec 14:00", "th1")]
    assert "one_visit_a_day" in rules(clinic, *both, protocol=protocol)


def test_visits_that_may_share_a_day_share_it_in_order() -> None:
    clinic = harbour()
    series = kap()
    ana, cho = clinic.people[0], clinic.people[2]

    def day(medical: str, intake: str) -> list[str]:
        return rules(
            clinic,
            visit(series.step("medical"), clinic.at(medical), clinic.rooms[2], prescriber=cho),
            visit(series.step("intake"), clinic.at(intake), clinic.rooms[3], therapist=ana),
            protocol=series,
        )

    assert day("8 Dec 09:00", "8 Dec 10:00") == []
    assert day("8 Dec 10:00", "8 Dec 09:00") == ["one_visit_a_day"]


def test_every_reason_is_told_not_only_the_first() -> None:
    clinic = harbour()
    clinic.busy(clinic.rooms[1], "8 Dec 09:00", "12:00")
    clinic.patient_busy.append(clinic.span("8 Dec 09:00", "10:00"))
    found = rules(clinic, infusion_at(clinic, "8 Dec 09:00"))
    assert found == ["patient_is_free", "room_is_free"]
