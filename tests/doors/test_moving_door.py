"""`POST appointments/{id}/move`: tried first, then done; refused with the nearest day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine

from scheduling.audit import violations
from scheduling.models import Series
from tests.cast import NOW
from tests.doors.callers import Caller, caller
from tests.services.test_moving import DAY, booked, the, times

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def machine() -> Caller:
    return caller("Records")


@pytest.fixture
def series() -> Series:
    return booked("Pia")


def ask(machine: Caller, series: Series, step: str, later: timedelta, **more):
    visit = the(series, step)
    starts_at = (visit.starts_at + later).isoformat()
    return machine.post(f"appointments/{visit.pk}/move", {"starts_at": starts_at, **more})


def test_tried_first_it_lists_what_would_follow_and_changes_nothing(machine, series):
    before = times(series)
    tried = ask(machine, series, "inf2", DAY, dry_run=True).json()["changed"]
    assert times(series) == before
    done = ask(machine, series, "inf2", DAY).json()["changed"]
    assert done == tried
    assert [one["appointment"] for one in done] == [
        str(the(series, step).pk) for step in ("inf2", "th3")
    ]
    assert done[1]["reason"]
    first = done[0]
    assert datetime.fromisoformat(first["to"]) - datetime.fromisoformat(first["from"]) == DAY
    assert first["to"].endswith("-05:00")
    assert [one for one in violations(now=NOW) if one.severity == "violation"] == []


def test_outside_the_window_the_nearest_day_is_told(machine, series):
    answer = ask(machine, series, "inf2", 3 * DAY)
    assert answer.status_code == 422
    [first, *_] = answer.json()["refusals"]
    assert first["rule"] == "window_is_kept"
    assert "Wed 13 Jan 09:00 would do." in first["message"]


def test_without_a_cascade_nothing_follows(machine, series):
    assert ask(machine, series, "inf2", DAY, cascade=False).status_code == 422
    assert len(ask(machine, series, "th6", DAY, cascade=False).json()["changed"]) == 1


@pytest.mark.parametrize("later", [-timedelta(days=400), timedelta(days=541)])
def test_a_time_out_of_reach_is_refused(machine, series, later):
    assert ask(machine, series, "inf2", later).status_code == 422


def test_a_machine_cannot_break_a_rule_on_purpose(machine, series):
    assert ask(machine, series, "inf2", 3 * DAY, override="please").status_code == 400
