"""Every mistake in a protocol file is told with its line, its field, and what to write."""

import pytest

from scheduling.catalogue import InvalidCatalogue, read

GOOD = """\
key: course
name: A course
origin: inf1
steps:
  - key: inf1
    name: Infusion 1
    kind: infusion
    phases: &phases
      - name: infuse
        minutes: 40
        room: {capability: infusion}
        roles: [{role: monitoring_nurse, ratio: 2}]
  - key: inf2
    name: Infusion 2
    kind: infusion
    gaps:
      - {anchor: inf1, days: [6, 8]}
    phases: *phases
"""


def errors(text):
    with pytest.raises(InvalidCatalogue) as caught:
        read(text)
    return caught.value.errors


def changed(*replacements):
    text = GOOD
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after, 1)
    return text


def the_error(text):
    [error] = errors(text)
    return error


def test_the_course_of_these_tests_is_good():
    assert [document.key for document in read(GOOD)] == ["course"]


MINUTES, ROLE = "steps[0].phases[0].minutes", "steps[0].phases[0].roles[0]"
GAP, PHASES = "steps[1].gaps[0]", "    phases: &phases"


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "words"),
    [
        ("minutes: 40", "minuets: 40", 10, "steps[0].phases[0].minuets", "did you mean “minutes”"),
        ("minutes: 40", "minutes: forty", 10, MINUTES, "whole number of minutes from 1 to 720"),
        ("minutes: 40", "minutes: 0", 10, MINUTES, "not 0"),
        ("minutes: 40", "minutes: 9999999999999999999999", 10, MINUTES, "from 1 to 720"),
        ("minutes: 40", "minutes: 40.5", 10, MINUTES, "not 40.5"),
        ("minutes: 40", "minutes: true", 10, MINUTES, "whole number"),
        ("minutes: 40", "minutes: [40]", 10, MINUTES, "whole number"),
        ("minutes: 40", "minutes: 40\n        minutes: 50", 11, MINUTES, "given twice"),
        ("kind: infusion", "kind: surgery", 7, "steps[0].kind", "infusion, dosing, therapy"),
        ("name: A course", "name: 12", 2, "name", "in quotes"),
        ("name: A course", "name:", 2, "name", "Write a text"),
        ("name: A course", "name: '  '", 2, "name", "empty"),
        ("name: A course", f"name: {'x' * 10_000}", 2, "name", "10,000 characters; keep it to 200"),
        ("key: course", "key: My Course", 1, "key", "small letters"),
        ("origin: inf1", "origin: inf9", 3, "origin", "There is no step “inf9”"),
        ("anchor: inf1", "anchor: inf7", 17, f"{GAP}.anchor", "use one of inf1, inf2"),
        ("anchor: inf1", "anchor: inf2", 17, f"{GAP}.anchor", "its own anchor"),
        ("[6, 8]", "[8, 6]", 17, f"{GAP}.days", "write [6, 8]?"),
        ("[6, 8]", "[6]", 17, f"{GAP}.days", "1 items; it takes 2 to 2"),
        ("[6, 8]", "6", 17, f"{GAP}.days", "Write a list"),
        ("[6, 8]", "[6, 8], hours: [1, 2]", 17, GAP, "not both"),
        ("[6, 8]", "[6, 8], ideal: 9", 17, f"{GAP}.ideal", "outside 6 to 8"),
        ("ratio: 2", "ratio: 1:2", 12, f"{ROLE}.ratio", "patients to one nurse"),
        (", ratio: 2", "", 12, f"{ROLE}.ratio", "ratio: 2 is one to two"),
        ("monitoring_nurse", "therapist", 12, f"{ROLE}.ratio", "leave ratio out"),
        ("role: monitoring_nurse", "role: janitor", 12, f"{ROLE}.role", "prescriber"),
        (PHASES, f"    weekdays: [mon, mon]\n{PHASES}", 8, "steps[0].weekdays[1]", "twice"),
        (PHASES, f"    shares_day_with: inf1\n{PHASES}", 8, "steps[0].shares_day_with", "another"),
        ("{capability: infusion}", "big", 11, "steps[0].phases[0].room", "fields of a room need"),
    ],
)
def test_a_mistake_is_told_with_its_line_field_and_remedy(before, after, line, field, words):
    error = the_error(changed((before, after)))
    assert (error.line, error.field) == (line, field)
    assert words in error.message


def test_two_steps_of_one_key_are_refused():
    [error, _] = errors(changed(("key: inf2", "key: inf1")))
    assert (error.line, error.field) == (13, "steps[1].key")


def test_every_mistake_is_told_at_once():
    text = changed(("minutes: 40", "minutes: -1"), ("name: A course", "nmae: A course"))
    assert [error.field for error in errors(text)] == ["nmae", "steps[0].phases[0].minutes"]


def test_a_protocol_without_steps_or_origin_is_told_what_it_lacks():
    assert [error.field for error in errors("key: a\nname: A\n")] == ["origin", "steps"]
    assert "1 to 120" in the_error("key: a\nname: A\norigin: x\nsteps: []\n").message


def test_steps_that_wait_for_each_other_are_named():
    text = changed(
        ("    phases: &phases", "    gaps: [{anchor: inf2, days: [-8, -6]}]\n    phases: &phases")
    )
    assert "inf1 → inf2 → inf1" in the_error(text).message


def test_gaps_that_no_dates_satisfy_are_named_together():
    text = (
        GOOD
        + """\
  - key: inf3
    name: Infusion 3
    kind: infusion
    gaps:
      - {anchor: inf2, days: [6, 8]}
      - {anchor: inf1, days: [1, 9]}
    phases: *phases
"""
    )
    error = the_error(text)
    assert error.field.startswith("steps[2].gaps")
    assert error.message == (
        "Infusion 2 is at least 6 days after Infusion 1, and Infusion 3 is at least 6 days after "
        "Infusion 2, but Infusion 3 is at most 9 days after Infusion 1. That cannot be, by 3 days: "
        "widen one of these windows by 3 days."
    )


def test_gaps_in_hours_and_days_are_weighed_together():
    text = changed(("days: [6, 8]}", "days: [6, 8]}\n      - {anchor: inf1, hours: [20, 30]}"))
    assert "That cannot be, by 4 days" in the_error(text).message


def test_weekdays_that_never_lie_so_far_apart_are_refused():
    text = changed(
        ("    phases: &phases", "    weekdays: [mon]\n    phases: &phases"),
        ("    phases: *phases", "    weekdays: [thu]\n    phases: *phases"),
        ("[6, 8]", "[4, 8]"),
    )
    assert "weekdays never lie so far apart" in the_error(text).message


def test_a_step_that_nothing_ties_to_day_0_is_refused():
    text = changed(("    gaps:\n      - {anchor: inf1, days: [6, 8]}\n", ""))
    assert "Nothing ties “inf2”" in the_error(text).message


def test_a_visit_of_more_than_a_day_is_refused():
    phases = ", ".join(f"{{name: p{n}, minutes: 720}}" for n in range(3))
    step = f"{{key: x, name: X, kind: review, phases: [{phases}]}}"
    text = f"key: a\nname: A\norigin: x\nsteps: [{step}]"
    assert "more than 1440 minutes" in the_error(text).message


def test_the_same_protocol_twice_in_a_file_is_refused():
    error = the_error(f"{GOOD}---\n{GOOD}")
    assert (error.line, error.field) == (20, "key")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no protocol"),
        ("---\n", 1, "no protocol"),
        ("- a list", 1, "fields of a protocol"),
        ("just words", 1, "fields of a protocol"),
        ("key: a\nname: [unclosed\nsteps: x", 3, "not YAML"),
        ("key: a\n\tname: b", 2, "not YAML"),
        ("key: *nowhere", 1, "refers to nothing above"),
        ("key: !!python/object/apply:os.system [ls]", 1, "not used here"),
        ("key: \x07", 1, "does not allow"),
        ("[" * 5000, 1, "nest"),
        ("{a: " * 5000, 1, "nest"),
        ("x" * 1_000_001, 1, "too long"),
    ],
)
def test_what_is_not_a_catalogue_is_told_in_a_sentence(text, line, words):
    error = the_error(text)
    assert error.line == line
    assert words in error.message


def test_a_bomb_of_aliases_is_refused_before_it_is_built():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "written out" in the_error("\n".join(lines)).message


def test_an_anchor_that_holds_itself_is_refused():
    assert "refers to nothing above" in the_error("key: &a [*a]").message
