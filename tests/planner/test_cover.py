"""Who monitors whom: direct fit, hand-over, repack, and refusals that are true."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as some

from scheduling.planner.cover import Assignment, Shortage, assign, claims_of, tasks_of
from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.pool import curve
from scheduling.planner.shape import watches_of
from tests.planner.cast import MONDAY, Clinic, kare

INFUSION = kare().step("inf1")


def small(*nurses: str, **more: object) -> Clinic:
    clinic = Clinic(days=3, **more)  # type: ignore[arg-type]
    for name in nurses:
        clinic.nurse(name)
    return clinic


def new(clinic: Clinic, start: str, end: str, lanes: int, visit: str = "new") -> CoverTask:
    low, high = clinic.span(start, end)
    return CoverTask(visit, low, high, lanes)


def shared(clinic: Clinic, *tasks: CoverTask) -> Assignment | Shortage:
    diary = clinic.diary()
    found = assign(tasks, diary.people, diary.cover, diary)
    if isinstance(found, Assignment):
        assert_valid(diary, tasks, found)
    return found


def names(clinic: Clinic, found: Assignment | Shortage) -> list[str]:
    assert isinstance(found, Assignment), found
    known = {person.id: person.name for person in clinic.people}
    return [known[placement.nurse] for placement in found.new]


def assert_valid(diary: Diary, tasks: tuple[CoverTask, ...], found: Assignment) -> None:
    """Everybody covered by one able nurse throughout, on lanes nobody else has."""
    assert [placement.task for placement in found.new] == list(tasks)
    moved = {placement.task: placement for placement in found.changed}
    taken: dict[tuple[int, int, int], str] = {}
    standing = [
        (t, moved[t].nurse, moved[t].lanes) if t in moved else (t, t.nurse, t.held)
        for t in diary.cover
    ]
    for task, nurse, lanes in [*standing, *((p.task, p.nurse, p.lanes) for p in found.new)]:
        person = diary.person(nurse or 0)
        if task.nurse is None or task in moved:
            where = range(task.start - diary.start, task.end - diary.start)
            assert all(person.duty["monitoring_nurse"] >> minute & 1 for minute in where)
            assert len(lanes) >= task.lanes
            assert nurse not in task.barred
        for lane, minute in product(lanes, range(task.start, task.end)):
            assert (person.id, lane, minute) not in taken
            taken[person.id, lane, minute] = task.visit


def test_one_nurse_takes_a_whole_visit_when_she_can() -> None:
    clinic = small("Ines", "Jo")
    tasks = tasks_of(INFUSION, clinic.at("7 Dec 09:00"), 1, 4)
    assert len(set(names(clinic, shared(clinic, *tasks)))) == 1


def test_the_less_loaded_nurse_goes_first() -> None:
    clinic = small("Ines", "Jo")
    clinic.monitors(clinic.people[0], "7 Dec 13:00", "15:00", [0])
    assert names(clinic, shared(clinic, new(clinic, "7 Dec 09:00", "10:00", 2))) == ["Jo"]


def test_a_visit_is_handed_over_at_a_phase_boundary_only() -> None:
    clinic = small("Ines", "Jo")
    clinic.off(clinic.people[0], "7 Dec 09:30", "12:00")
    clinic.off(clinic.people[1], "7 Dec 08:00", "09:30")
    tasks = tasks_of(INFUSION, clinic.at("7 Dec 09:00"), 1, 4)
    assert names(clinic, shared(clinic, *tasks)) == ["Ines", "Jo", "Jo", "Jo"]


def test_a_phase_is_never_split_between_nurses() -> None:
    clinic = small("Ines", "Jo")
    clinic.off(clinic.people[0], "7 Dec 09:45", "12:00")
    clinic.off(clinic.people[1], "7 Dec 08:00", "09:45")
    tasks = tasks_of(INFUSION, clinic.at("7 Dec 09:00"), 1, 4)
    found = shared(clinic, *tasks)
    assert isinstance(found, Shortage)
    assert found.scattered


def test_nobody_is_moved_while_somebody_has_room() -> None:
    clinic = small("Ines", "Jo")
    clinic.monitors(clinic.people[0], "7 Dec 09:00", "11:00", [0])
    found = shared(clinic, new(clinic, "7 Dec 09:00", "11:00", 3))
    assert isinstance(found, Assignment)
    assert found.changed == ()


def test_others_are_repacked_before_a_patient_is_refused() -> None:
    clinic = small("Ines", "Jo")
    clinic.monitors(clinic.people[0], "7 Dec 09:00", "11:00", [0, 1])
    clinic.monitors(clinic.people[1], "7 Dec 09:00", "11:00", [2, 3])
    found = shared(clinic, new(clinic, "7 Dec 09:30", "10:30", 4))
    assert isinstance(found, Assignment)
    assert len(found.changed) == 1


def test_a_task_that_has_begun_is_never_moved() -> None:
    clinic = small("Ines", "Jo")
    clinic.monitors(clinic.people[0], "7 Dec 09:00", "11:00", [0, 1], pinned=True)
    clinic.monitors(clinic.people[1], "7 Dec 09:00", "11:00", [2, 3], pinned=True)
    found = shared(clinic, new(clinic, "7 Dec 09:30", "10:30", 4))
    assert isinstance(found, Shortage)


def test_lanes_in_pieces_are_coloured_afresh() -> None:
    clinic = small("Ines")
    ines = clinic.people[0]
    clinic.monitors(ines, "7 Dec 09:00", "10:00", [0, 1, 2])
    clinic.monitors(ines, "7 Dec 10:00", "11:00", [1, 2, 3])
    found = shared(clinic, new(clinic, "7 Dec 09:30", "10:30", 1))
    assert isinstance(found, Assignment)
    assert len(found.changed) == 1


def test_a_nurse_limited_to_two_patients_gives_each_half_of_herself() -> None:
    clinic = Clinic(days=3)
    ines = clinic.nurse("Ines", max_patients=2)
    clinic.monitors(ines, "7 Dec 09:00", "11:00", [0, 1])
    found = shared(clinic, new(clinic, "7 Dec 09:00", "10:00", 1))
    assert isinstance(found, Assignment)
    assert len(found.new[0].lanes) == 2
    clinic.monitors(ines, "7 Dec 09:00", "10:00", [2, 3])
    assert isinstance(shared(clinic, new(clinic, "7 Dec 09:00", "10:00", 1)), Shortage)


def test_skills_of_a_phase_are_asked_of_its_nurse() -> None:
    clinic = Clinic(days=3)
    clinic.nurse("Ines")
    clinic.nurse("Jo", skills={"paediatric"})
    low, high = clinic.span("7 Dec 09:00", "10:00")
    found = shared(clinic, CoverTask("new", low, high, 1, skills=frozenset({"paediatric"})))
    assert names(clinic, found) == ["Jo"]


def test_the_visits_own_clinician_does_not_monitor_it() -> None:
    clinic = small("Ines")
    low, high = clinic.span("7 Dec 09:00", "10:00")
    barred = frozenset({clinic.people[0].id})
    assert isinstance(shared(clinic, CoverTask("new", low, high, 1, barred=barred)), Shortage)


def test_acuity_takes_more_lanes_and_six_takes_the_nurse() -> None:
    lanes = {acuity: [w.lanes for w in watches_of(INFUSION, acuity, 4)] for acuity in (1, 4, 6)}
    assert lanes == {1: [4, 2, 1, 1], 4: [4, 4, 2, 2], 6: [4, 4, 4, 4]}


def test_a_high_acuity_patient_needs_a_nurse_whom_others_would_share() -> None:
    clinic = small("Ines")
    clinic.monitors(clinic.people[0], "7 Dec 09:30", "10:10", [0, 1])
    calm = tasks_of(INFUSION, clinic.at("7 Dec 09:00"), 1, 4)
    assert isinstance(shared(clinic, *calm), Assignment)
    ill = tasks_of(INFUSION, clinic.at("7 Dec 09:00"), 6, 4)
    assert isinstance(shared(clinic, *ill), Shortage)


def test_a_ratio_broken_for_five_minutes_is_refused_with_the_minutes_named() -> None:
    clinic = small("Ines")
    clinic.monitors(clinic.people[0], "7 Dec 09:25", "10:05", [0])
    tasks = tasks_of(INFUSION, clinic.at("7 Dec 09:00"), 1, 4)
    found = shared(clinic, *tasks)
    assert isinstance(found, Shortage)
    assert (found.start, found.end) == clinic.span("7 Dec 09:25", "09:30")
    assert (found.lanes, found.on, found.free) == (4, 4, 3)
    later = tasks_of(INFUSION, clinic.at("7 Dec 08:55"), 1, 4)
    assert isinstance(shared(clinic, *later), Assignment)


def test_consecutive_phases_on_one_lane_are_one_claim() -> None:
    clinic = small("Ines")
    found = shared(clinic, *tasks_of(INFUSION, clinic.at("7 Dec 09:00"), 1, 4))
    assert isinstance(found, Assignment)
    spans = {claim.lanes: (claim.start, claim.end) for claim in claims_of(found.new)}
    assert spans == {
        (2, 3): clinic.span("7 Dec 09:10", "09:30"),
        (1,): clinic.span("7 Dec 09:10", "10:10"),
        (0,): clinic.span("7 Dec 09:10", "11:20"),
    }


def test_the_curve_tells_lanes_on_needed_and_free() -> None:
    clinic = small("Ines", "Jo")
    clinic.off(clinic.people[1], "7 Dec 12:00", "13:00")
    clinic.monitors(clinic.people[0], "7 Dec 09:00", "10:00", [0, 1])
    told = {
        step.minute: (step.on, step.needed, step.free) for step in curve(clinic.diary(), MONDAY)
    }
    assert told == {
        clinic.at("7 Dec 00:00"): (0, 0, 0),
        clinic.at("7 Dec 08:00"): (8, 0, 8),
        clinic.at("7 Dec 09:00"): (8, 2, 6),
        clinic.at("7 Dec 10:00"): (8, 0, 8),
        clinic.at("7 Dec 12:00"): (4, 0, 4),
        clinic.at("7 Dec 13:00"): (8, 0, 8),
        clinic.at("7 Dec 17:00"): (0, 0, 0),
    }


quarters = some.tuples(some.integers(0, 11), some.integers(1, 4), some.sampled_from([1, 1, 2, 4]))


@settings(max_examples=150, deadline=None)
@given(some.lists(quarters, min_size=1, max_size=7), quarters, some.lists(quarters, max_size=2))
def test_an_answer_is_valid_and_a_refusal_agrees_with_trying_everything(
    promised: list[tuple[int, int, int]],
    wanted: tuple[int, int, int],
    away: list[tuple[int, int, int]],
) -> None:
    clinic = small("Ines", "Jo")
    start = clinic.at("7 Dec 08:00")
    for n, (at, length, _) in enumerate(away):
        low = start + 15 * at
        clinic.people[n].off.append((low, low + 15 * length))
    for n, (at, length, lanes) in enumerate(promised):
        low, high = start + 15 * at, start + 15 * (at + length)
        for nurse in clinic.people:
            free = [
                lane
                for lane in range(4)
                if all(held != lane or b <= low or high <= a for held, a, b in nurse.busy)
            ]
            off = any(a < high and low < b for a, b in nurse.off)
            if len(free) >= lanes and not off:
                held = tuple(free[:lanes])
                nurse.busy += [(lane, low, high) for lane in held]
                clinic.promised.append(CoverTask(f"{n}", low, high, lanes, nurse.id, held=held))
                break
    at, length, lanes = wanted
    task = CoverTask("new", start + 15 * at, start + 15 * (at + length), lanes)
    assert isinstance(shared(clinic, task), Assignment) == possible(clinic, task)


def possible(clinic: Clinic, task: CoverTask) -> bool:
    """Every way to give every task to every nurse, tried."""
    tasks = [task, *clinic.promised]
    for choice in product(clinic.people, repeat=len(tasks)):
        load: dict[tuple[int, int], int] = {}
        for one, nurse in zip(tasks, choice, strict=True):
            if any(a < one.end and one.start < b for a, b in nurse.off):
                break
            for minute in range(one.start, one.end, 15):
                load[nurse.id, minute] = load.get((nurse.id, minute), 0) + one.lanes
        else:
            if max(load.values()) <= 4:
                return True
    return False
