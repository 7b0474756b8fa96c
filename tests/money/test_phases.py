"""Phases as they really were, from where a visit came to stand when; without a database."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing.phases import Planned, actual, doubts

NINE = datetime(2026, 12, 7, 9, 0, tzinfo=ZoneInfo("America/New_York"))
INFUSION = [
    Planned("arrive", 10),
    Planned("prep", 20, frozenset({"monitoring_nurse"})),
    Planned("infuse", 40, frozenset({"monitoring_nurse"})),
    Planned("recover", 60),
    Planned("discharge", 10),
]
THERAPY = [Planned("therapy", 60, frozenset({"therapist"}))]


def at(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def came(**minutes: int) -> dict[str, datetime]:
    return {stands: at(after) for stands, after in minutes.items()}


def told(phases) -> list[tuple[str, int, int | None]]:
    def since(moment):
        return None if moment is None else int((moment - NINE).total_seconds() // 60)

    return [(one.name, since(one.start), since(one.stop)) for one in phases]


WENT = came(arrived=0, in_prep=12, infusing=30, recovering=71, discharged=140)


def test_each_phase_runs_from_one_step_to_the_next():
    phases = actual(WENT, INFUSION)
    assert told(phases) == [
        ("arrive", 0, 12),
        ("prep", 12, 30),
        ("infuse", 30, 71),
        ("recover", 71, 140),
    ]
    assert phases[2].roles == {"monitoring_nurse"}


def test_a_stop_that_nobody_recorded_stays_missing():
    went = {stands: at for stands, at in WENT.items() if stands != "recovering"}
    assert told(actual(went, INFUSION))[-1] == ("infuse", 30, None)


def test_corrected_times_go_before_recorded_ones():
    corrected = {"infuse": (at(35), at(80))}
    assert ("infuse", 35, 80) in told(actual(WENT, INFUSION, corrected))


def test_a_session_is_named_as_it_was_planned_and_has_its_people():
    went = came(arrived=0, in_session=4, discharged=62)
    phases = actual(went, THERAPY)
    assert told(phases) == [("arrive", 0, 4), ("therapy", 4, 62)]
    assert phases[1].roles == {"therapist"}


def test_much_less_than_planned_stops_charges_and_much_more_is_noted():
    short = actual({**WENT, "recovering": at(40)}, INFUSION)
    long = actual({**WENT, "recovering": at(130)}, INFUSION)
    assert [stops for _, stops in doubts(short, INFUSION)] == [True]
    assert [stops for _, stops in doubts(long, INFUSION)] == [False]
    assert doubts(actual(WENT, INFUSION), INFUSION) == []
