"""Reports at the desk: figures, plots, table, the query behind them, and the file."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client

from api.desk.reports import REPORTS
from clinic.models import Patient
from scheduling.models import ProtocolVersion
from tests.cast import MONDAY, house
from tests.desk.browsers import person
from tests.reporting import NOON, WEDNESDAY, clinic, course, due, run

pytestmark = pytest.mark.django_db
DATES = f"?from={MONDAY}&to={WEDNESDAY}"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def made():
    found = clinic()
    found.series = course(found.site, found.version, "Gus", MONDAY)
    due(found.series, "call", "telephone", MONDAY)
    return found


@pytest.fixture
def manager() -> Client:
    return person("manager")


def page(browser: Client, site, report: str = "", query: str = DATES) -> str:
    address = f"/sites/{site.pk}/reports{'/' + report if report else ''}{query}"
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(text: str) -> list[list[str]]:
    """The cells of the page's table, heads first."""
    table = text.split('<table class="table">')[1].split("</table>")[0]
    lines = re.findall(r"<tr.*?</tr>", table, re.S)
    return [
        [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line)]
        for line in lines
    ]


def queries(text: str) -> list[str]:
    """The SQL that the page shows."""
    return [unescape(sql) for sql in re.findall(r"<code>(.*?)</code>", text, re.S)]


def file(browser: Client, site, report: str) -> list[list[str]]:
    answer = browser.get(f"/sites/{site.pk}/reports/{report}.csv{DATES}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{report}-{MONDAY}-{WEDNESDAY}.csv"' in answer["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_rail_leads_managers_to_reports_and_not_the_front_desk(made, manager):
    assert f'href="/sites/{made.site.pk}/reports"' in page(manager, made.site)
    desk = person("front_desk").get(f"/sites/{made.site.pk}/day", follow=True).content.decode()
    assert "/reports" not in desk


def test_there_is_a_card_for_every_report_with_what_is_published_beside_it(made, manager):
    text = page(manager, made.site)
    for report in REPORTS.values():
        assert report.title in text
    assert "Under the median of 80 %" in text
    assert "Over the median of 5 %" in text


def test_a_clinic_without_visits_is_told_what_will_appear(manager):
    empty = house()
    assert "Nothing to report on these dates" in page(manager, empty)
    for name in REPORTS:
        text = page(manager, empty, name)
        assert "Nothing to report on these dates" in text
        assert "How it is counted" in text


@pytest.mark.parametrize("name", REPORTS)
def test_every_plot_is_a_picture_with_words_for_who_cannot_see_it(made, manager, name):
    pictures = re.findall(r'<svg class="plot.*?</svg>', page(manager, made.site, name), re.S)
    assert pictures
    for picture in pictures:
        drawn = ElementTree.fromstring(picture)
        assert drawn.get("role") == "img"
        assert len(drawn.get("aria-label", "")) > 10
        assert list(drawn)


def test_the_shown_query_of_chairs_gives_the_shown_minutes(made, manager):
    text = page(manager, made.site, "utilisation")
    heads, *_, whole = rows(text)
    shown = dict(zip(heads, whole, strict=True))
    told = [float(run(sql)[0][0]) for sql in queries(text)]
    names = ("Chairs booked, min", "Chairs used, min", "Lanes booked, min", "Lanes used, min")
    assert [float(shown[name]) for name in names] == pytest.approx(told, abs=0.5)
    assert shown["Chairs booked, min"] == "300"


def test_the_shown_query_of_no_shows_gives_the_shown_numbers(made, manager):
    text = page(manager, made.site, "attendance")
    shown = [row[1:4] for row in rows(text)[1:-1]]
    assert [[str(n) for n in row[1:4]] for row in run(queries(text)[0])] == shown


@pytest.mark.parametrize("name", REPORTS)
def test_the_file_has_the_rows_of_the_page(made, manager, name):
    shown, saved = rows(page(manager, made.site, name)), file(manager, made.site, name)
    assert saved[0] == shown[0]
    assert [row[0] for row in saved] == [row[0] for row in shown]
    for row, line in zip(shown[1:], saved[1:], strict=True):
        for cell, value in zip(row[1:], line[1:], strict=True):
            if re.fullmatch(r"[\d.−]+", cell):
                assert float(value) == pytest.approx(float(cell.replace("−", "-")), abs=0.06)


def test_a_name_that_begins_like_a_formula_is_only_text_in_the_file(made, manager):
    ProtocolVersion.objects.filter(pk=made.version.pk).update(name='=HYPERLINK("x")')
    lines = file(manager, made.site, "series")
    assert lines[1][0] == '\'=HYPERLINK("x")'
    assert '=HYPERLINK("x")' in [row[0] for row in rows(page(manager, made.site, "series"))]


def test_no_report_names_a_patient(made, manager):
    names = {one.given_name for one in Patient.objects.all()} | {"Sample"}
    for name in ("", *REPORTS):
        text = page(manager, made.site, name)
        assert not [one for one in names if re.search(rf"\b{one}\b", text)]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"?from={WEDNESDAY}&to={MONDAY}", "The first day is after the last."),
        ("?from=2020-01-01&to=2026-01-01", "At most a year and a day at once."),
        ("?from=tomorrow&to=", "Give the first and the last day."),
    ],
)
def test_dates_that_make_no_sense_are_named_and_the_last_four_weeks_shown(
    made, manager, query, words
):
    text = page(manager, made.site, query=query)
    assert words in text
    assert "Thu 12 Nov 2026 to Wed 9 Dec 2026" in text


def test_usual_dates_are_one_click(made, manager):
    text = page(manager, made.site, query="")
    assert '?from=2026-11-12&amp;to=2026-12-09" aria-current="true">Last 4 weeks' in text
    assert '?from=2026-11-01&amp;to=2026-11-30">Last month' in text
    assert '?from=2026-12-01&amp;to=2026-12-31">This month' in text
    assert '?from=2026-12-09&amp;to=2027-01-05">Next 4 weeks' in text


def test_a_report_of_no_such_name_is_not_found(made, manager):
    assert manager.get(f"/sites/{made.site.pk}/reports/money").status_code == 404
    assert manager.get(f"/sites/{made.site.pk}/reports/money.csv").status_code == 404
