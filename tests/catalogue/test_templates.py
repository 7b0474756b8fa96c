"""The eight protocols that Chairtime comes with say what their sources say."""

import pytest

from scheduling import catalogue
from scheduling.planner.protocols import Gap

DOCUMENTS = {document.key: document for document in catalogue.read(catalogue.starter_text())}
PLANS = {key: catalogue.protocol(doc.definition, version=1) for key, doc in DOCUMENTS.items()}

STEPS = {
    "aud-kare": "screening th1 inf1 th2 inf2 th3 inf3 th4 th5 th6 th7",
    "aud-single-met": "screening met1 met2 inf1 met3 met4 met5 met6",
    "aud-cue-retrieval": "baseline inf1 retest",
    "depression-induction": "consult inf1 inf2 inf3 inf4 inf5 inf6 review",
    "ptsd-induction": "consult inf1 inf2 inf3 inf4 inf5 inf6",
    "maintenance": "inf1",
    "kap": "medical intake prep1 prep2 dosing1 integration1 dosing2 integration2 dosing3 "
    "integration3 dosing4 integration4 dosing5 integration5 dosing6 integration6",
    "esketamine-rems": " ".join(f"visit{number}" for number in range(1, 13)),
}


def gap(key, step, anchor):
    [found] = [gap for gap in PLANS[key].step(step).gaps if gap.anchor == anchor]
    return (found.earliest, found.latest)


def phases(key, step):
    return [(phase.name, phase.minutes) for phase in PLANS[key].step(step).phases]


def ratios(key, step):
    return [
        [need.ratio for need in phase.roles if need.ratio] for phase in PLANS[key].step(step).phases
    ]


def test_there_are_the_eight_protocols_and_no_other():
    assert set(DOCUMENTS) == set(STEPS)


@pytest.mark.parametrize("key", STEPS)
def test_a_protocol_has_exactly_its_steps_in_clinical_order(key):
    assert [step.key for step in PLANS[key].steps] == STEPS[key].split()


@pytest.mark.parametrize("key", STEPS)
def test_every_template_is_to_be_reviewed_before_use_and_names_its_sources(key):
    assert DOCUMENTS[key].definition["review_before_use"]
    assert DOCUMENTS[key].definition["sources"]


def test_an_infusion_visit_takes_140_minutes_in_five_phases():
    assert phases("aud-kare", "inf1") == [
        ("arrive", 10), ("prep", 20), ("infuse", 40), ("recover", 60), ("discharge", 10)
    ]  # fmt: skip


def test_nobody_and_no_room_is_needed_until_prep():
    arrive = PLANS["aud-kare"].step("inf1").phases[0]
    assert (arrive.room, arrive.roles) == (None, ())


def test_nurses_watch_one_in_prep_two_in_infusion_four_in_recovery():
    assert ratios("aud-kare", "inf1") == [[], [1], [2], [4], [4]]
    assert ratios("kap", "dosing1") == [[1], [2], [4], [4]]


def test_somebody_with_acls_is_on_site_from_infusion_to_discharge():
    needs = [sorted(phase.presence) for phase in PLANS["depression-induction"].step("inf3").phases]
    assert needs == [[], [], ["acls"], ["acls"], ["acls"]]


def test_kare_therapy_follows_each_infusion_within_two_days_then_weekly():
    for number in (1, 2, 3):
        assert gap("aud-kare", f"th{number + 1}", f"inf{number}") == (1, 2)
    assert gap("aud-kare", "th5", "inf3") == (6, 8)
    assert gap("aud-kare", "th6", "th5") == (6, 8)
    assert gap("aud-kare", "th7", "th6") == (6, 8)
    assert gap("aud-kare", "inf2", "inf1") == gap("aud-kare", "inf3", "inf2") == (6, 8)
    assert gap("aud-kare", "screening", "inf1") == (-28, -7)
    assert gap("aud-kare", "th1", "inf1") == (-7, -1)


def test_kare_asks_for_a_pregnancy_test_a_week_before_entry_and_on_the_first_treatment_day():
    gates = {
        step["key"]: [gate["within_days"] for gate in step["gates"] if "within_days" in gate]
        for step in DOCUMENTS["aud-kare"].definition["steps"]
    }
    assert (gates["screening"], gates["inf1"], gates["inf2"]) == ([7], [0], [])


def test_the_single_infusion_lasts_52_minutes_and_therapy_follows_next_day():
    assert ("infuse", 52) in phases("aud-single-met", "inf1")
    assert gap("aud-single-met", "met1", "inf1") == (-10, -4)
    assert gap("aud-single-met", "met2", "inf1") == (-3, -1)
    assert gap("aud-single-met", "met3", "inf1") == (1, 1)
    assert [gap("aud-single-met", f"met{n}", "inf1") for n in (4, 5, 6)] == [
        (5, 9), (12, 16), (19, 23)
    ]  # fmt: skip


def test_retrieval_comes_first_with_the_therapist_in_the_room_of_the_infusion():
    visit = PLANS["aud-cue-retrieval"].step("inf1").phases
    assert [(phase.name, phase.minutes) for phase in visit[:3]] == [
        ("retrieval", 30), ("prep", 20), ("infuse", 30)
    ]  # fmt: skip
    assert [need.role for need in visit[0].roles] == ["therapist"]
    assert {(p.room.capability, p.room.private, p.room.place) for p in visit} == {
        ("infusion", True, "room")
    }
    assert gap("aud-cue-retrieval", "baseline", "inf1") == (-3, -2)
    assert gap("aud-cue-retrieval", "retest", "inf1") == (6, 9)


def test_depression_leaves_a_clear_day_and_never_more_than_three_in_seven_days():
    for number in range(2, 7):
        assert gap("depression-induction", f"inf{number}", f"inf{number - 1}")[0] == 2
    for number in range(4, 7):
        assert gap("depression-induction", f"inf{number}", f"inf{number - 3}")[0] == 7
    for number in range(3, 7):
        assert gap("depression-induction", f"inf{number}", f"inf{number - 2}")[1] == 7
    assert gap("depression-induction", "inf6", "inf1")[1] == 20


def test_ptsd_infusions_are_on_monday_wednesday_and_friday_and_done_by_day_14():
    infusions = [step for step in PLANS["ptsd-induction"].steps if step.kind == "infusion"]
    assert {step.weekdays for step in infusions} == {frozenset({0, 2, 4})}
    assert gap("ptsd-induction", "inf6", "inf1")[1] == 14


def test_maintenance_is_three_weeks_to_ninety_days_after_an_infusion_outside_the_series():
    protocol = PLANS["maintenance"]
    assert protocol.step("inf1").gaps == (Gap("previous_infusion", 21, 90),)
    assert protocol.extra["outside"] == {"previous_infusion": "the previous infusion"}


def test_the_kap_therapist_stays_for_the_whole_dosing_and_the_series():
    protocol = PLANS["kap"]
    dosing = protocol.step("dosing4")
    assert protocol.same_therapist
    assert dosing.minutes == 180
    assert all("therapist" in {need.role for need in phase.roles} for phase in dosing.phases)
    assert gap("kap", "dosing4", "dosing3") == (4, 10)
    assert gap("kap", "integration4", "dosing4") == (1, 3)
    assert protocol.step("intake").shares_day_with == "medical"


def test_esketamine_is_twice_weekly_for_four_weeks_then_weekly_for_four():
    for number in range(2, 9):
        assert gap("esketamine-rems", f"visit{number}", f"visit{number - 1}") == (2, 5)
    assert gap("esketamine-rems", "visit8", "visit1") == (21, 27)
    for number in range(9, 13):
        assert gap("esketamine-rems", f"visit{number}", f"visit{number - 1}") == (6, 8)
    assert gap("esketamine-rems", "visit12", "visit1") == (49, 55)
    assert ("dose and observe", 120) in phases("esketamine-rems", "visit1")
    assert DOCUMENTS["esketamine-rems"].definition["extension"]["days"] == [7, 14]


def test_cue_retrieval_is_followed_to_nine_months():
    follow_ups = DOCUMENTS["aud-cue-retrieval"].definition["follow_ups"]
    assert [item["after_days"] for item in follow_ups] == [14, 91, 182, 274]


def test_a_rems_form_is_due_within_a_week_of_every_visit():
    tasks = DOCUMENTS["esketamine-rems"].definition["tasks"]
    assert [(t["each"], t["due_days"]) for t in tasks if t["kind"] == "form"] == [("dosing", 7)]
