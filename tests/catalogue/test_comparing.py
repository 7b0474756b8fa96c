"""What changed between two versions, in words."""

from copy import deepcopy

from scheduling import catalogue

STARTERS = {one.key: one.definition for one in catalogue.read(catalogue.starter_text())}
KARE = STARTERS["aud-kare"]


def changed(alter):
    after = deepcopy(KARE)
    alter(after)
    return catalogue.compare(KARE, after)


def test_a_protocol_is_the_same_as_itself():
    for definition in STARTERS.values():
        assert catalogue.compare(definition, deepcopy(definition)).differing == ()


def test_a_moved_window_is_told_with_both_windows():
    def alter(after):
        after["steps"][4]["gaps"][0]["days"] = [7, 10]

    assert changed(alter).sentences == (
        "Infusion 2, window: 6 to 8 days after Infusion 1, ideally 7 → "
        "7 to 10 days after Infusion 1, ideally 7",
    )


def test_minutes_and_needs_are_told_by_phase():
    def alter(after):
        after["steps"][2]["phases"][2] |= {"minutes": 45, "roles": []}

    assert changed(alter).sentences == (
        "Infusion 1, length: 140 min → 145 min",
        "Infusion 1, phase infuse: 40 min, infusion room, nurse, 1 to 2; acls on site → "
        "45 min, infusion room, nobody; acls on site",
    )


def test_a_step_added_and_one_removed_stand_where_they_belong():
    def alter(after):
        after["steps"][-1] = deepcopy(after["steps"][-1]) | {"key": "th8", "name": "Therapy 8"}

    comparison = changed(alter)
    assert comparison.sentences == ("Therapy 7: removed", "Therapy 8: added")
    names = [section.name for section in comparison.sections]
    assert names.index("Therapy 7") == names.index("Therapy 6") + 1


def test_steps_in_another_order_are_told():
    def alter(after):
        after["steps"][-1], after["steps"][-2] = after["steps"][-2], after["steps"][-1]

    said = changed(alter).sentences
    assert "Therapy 7, comes after: Therapy 6 → Therapy 5" in said


def test_a_follow_up_and_a_gate_are_told():
    def alter(after):
        after["follow_ups"][0]["tolerance_days"] = 7
        after["steps"][1]["gates"] = [{"kind": "fasting", "hours": 4}]

    assert changed(alter).sentences == (
        "Therapy 1, gates: none → Fasting, 4 h before",
        "Follow-ups, Follow-up at 3 months: "
        "measures, 91 days after Infusion 1, 14 days either way: abstinent days, heavy drinking "
        "days, relapse, mood, craving → "
        "measures, 91 days after Infusion 1, 7 days either way: abstinent days, heavy drinking "
        "days, relapse, mood, craving",
    )


def test_any_two_starters_can_be_compared():
    for before in STARTERS.values():
        for after in STARTERS.values():
            assert bool(catalogue.compare(before, after).differing) == (before != after)
