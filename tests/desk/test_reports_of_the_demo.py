"""The demo centre, loaded once: at each of its sites every report agrees with the SQL it shows."""

from __future__ import annotations

from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from clinic.models import Site, User
from scheduling.demo import load
from tests.desk.test_reports import queries, rows
from tests.reporting import run

NOW = datetime(2026, 11, 25, 11, 5, tzinfo=ZoneInfo("America/New_York"))
DATES = "?from=2026-11-23&to=2026-12-22"


@pytest.fixture(scope="module")
def manager(django_db_setup, django_db_blocker):
    """The centre's manager, at each of the sites."""
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole._from_testcase = True  # as Django's TestCase does: a durable service may be inside
        whole.__enter__()
        try:
            load(size="centre", seed=7, load=0.3, start=None, now=NOW)
            client = Client()
            user = User.objects.get(email="manager@chairtime.example")
            user.grants.update(site=None)
            with time_machine.travel(NOW, tick=False):
                client.force_login(user)
                yield client
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


def seen(manager: Client, site: Site, report: str) -> tuple[list[dict[str, str]], list[list]]:
    """The table of a page by its heads, and the rows of each query that the page shows."""
    text = manager.get(f"/sites/{site.pk}/reports/{report}{DATES}").content.decode()
    heads, *lines = rows(text)
    return [dict(zip(heads, line, strict=True)) for line in lines], [
        run(sql) for sql in queries(text)
    ]


def numbers(table: list[dict[str, str]], *names: str) -> list[tuple[float, ...]]:
    return [tuple(float(row[name].replace("−", "-")) for name in names) for row in table]


@pytest.fixture(params=range(3))
def site(manager, request) -> Site:
    return Site.objects.order_by("pk")[request.param]


def test_chairs_and_nurses(manager, site):
    table, asked = seen(manager, site, "utilisation")
    told = [float(answer[0][0]) for answer in asked]
    assert min(told) > 0
    names = ("Chairs booked, min", "Chairs used, min", "Lanes booked, min", "Lanes used, min")
    assert numbers(table[-1:], *names)[0] == pytest.approx(told, abs=0.51)
    parts = [sum(column) for column in zip(*numbers(table[:-1], *names), strict=True)]
    assert parts == pytest.approx(told, abs=len(table))


def test_starts(manager, site):
    table, ((*lines,),) = seen(manager, site, "starts")
    counted: dict[str, list[int]] = {}
    for starts, began in lines:
        counted.setdefault(half_hour(starts, site), [0, 0])[0] += 1
        if began:
            counted.setdefault(half_hour(began, site), [0, 0])[1] += 1
    shown = {
        row["From"]: [int(row["Planned starts"]), int(row["Really begun"])]
        for row in table
        if row["Planned starts"] != "0" or row["Really begun"] != "0"
    }
    assert shown == counted


def half_hour(value: datetime | str, site: Site) -> str:
    """What the database says in UTC, on the site's clock."""
    utc = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = (utc if utc.tzinfo else utc.replace(tzinfo=ZoneInfo("UTC"))).astimezone(site.zone)
    return f"{local.hour:02d}:{local.minute // 30 * 30:02d}"


def test_wait_and_overrun(manager, site):
    table, (asked,) = seen(manager, site, "punctuality")
    names = ("Visits", "Planned, mean min", "Actual, mean min", "Wait, mean min", "Came late")
    assert sum(int(line[1]) for line in asked) > 5
    for shown, line in zip(numbers(table[:-1], *names), asked, strict=True):
        assert shown == pytest.approx([float(value) for value in line[1:]], abs=0.06)


def test_no_shows_and_clog_time(manager, site):
    table, (asked,) = seen(manager, site, "attendance")
    names = ("Booked", "Came", "Did not come", "Cancelled late", "Cancelled in time")
    names += ("Clog, days in all",)
    for shown, line in zip(numbers(table[:-1], *names), asked, strict=True):
        assert shown == pytest.approx([float(value) for value in line[1:]], abs=0.06)
    assert sum(line[1] for line in asked) == int(table[-1]["Booked"]) > 100


def test_series(manager, site):
    table, (courses, steps) = seen(manager, site, "series")
    names = ("Courses", "Completed", "Under way", "Cancelled")
    by_name = {row["Protocol"]: row for row in table[:-1]}
    assert {unescape(name) for name in by_name} == {line[0] for line in courses}
    done = dict(steps)
    for name, *counts in courses:
        row = by_name[name]
        assert numbers([row], *names)[0] == tuple(counts)
        assert int(row["Done in window"]) + int(row["Done outside"]) == done.get(name, 0)


def test_follow_ups(manager, site):
    text = manager.get(f"/sites/{site.pk}/reports/follow-ups{DATES}").content.decode()
    stands, done = (run(sql) for sql in queries(text))
    if not stands:  # nothing of a course is due in these weeks
        assert "Nothing to report on these dates" in text
        return
    heads, *lines = rows(text)
    table = [dict(zip(heads, line, strict=True)) for line in lines]
    assert int(table[-1]["Due"]) == sum(line[1] for line in stands)
    late = int(table[-1]["Done late"])
    assert int(table[-1]["Done in window"]) + late == len(done)


def test_nurses(manager, site):
    table, (asked,) = seen(manager, site, "nurses")
    told = {f"{given} {family}": (minutes, visits) for given, family, minutes, visits in asked}
    shown = {
        row["Nurse"]: (int(row["Lane minutes taken"]), int(row["Visits"]))
        for row in table
        if row["Visits"] != "0"
    }
    assert shown == told


def test_the_day_of_the_first_visit_is_the_first_that_counts(manager, site):
    wide = manager.get(f"/sites/{site.pk}/reports/utilisation?from=2026-10-01&to=2026-11-29")
    narrow = manager.get(f"/sites/{site.pk}/reports/utilisation?from=2026-11-23&to=2026-11-29")
    assert rows(wide.content.decode()) == rows(narrow.content.decode())
