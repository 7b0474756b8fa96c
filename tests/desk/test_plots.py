"""What plots draw: scales that hold what they show, names that stay text."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from api.desk.plots import Bar, Dot, Line, bars, curve, dots, heat, spark
from api.desk.plots.drawing import plain, ticks


@pytest.mark.parametrize("most", [0.3, 1, 4.2, 9, 56, 80, 99.9, 346, 12_345])
def test_a_scale_reaches_over_the_largest_in_a_few_round_steps(most):
    marks = ticks(most)
    assert marks[0] == 0
    assert marks[-1] >= most
    assert 2 <= len(marks) <= 7


def test_a_scale_of_nothing_is_one():
    assert list(ticks(0)) == [0, 1]


def test_numbers_have_no_digits_that_say_nothing():
    assert (plain(30.0), plain(2.5), plain(0)) == ("30", "2.5", "0")


def shapes(svg: str, tag: str) -> list[ElementTree.Element]:
    return [one for one in ElementTree.fromstring(svg) if one.tag == tag]


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in shapes(svg, "text")]


def test_a_name_stays_text_in_a_picture():
    svg = dots("Loads", [Dot("<b>&Co", 40.0, "40 %")])
    assert "<b>" not in svg
    assert "<b>&Co" in texts(svg)


def test_a_long_name_is_cut_with_dots():
    (name, *_) = [text for text in texts(dots("Loads", [Dot("x" * 90, 1.0, "")])) if "x" in text]
    assert name.endswith("…")
    assert len(name) < 60


def test_a_bar_is_as_high_as_its_value_and_the_published_line_crosses_all():
    svg = bars(
        "Waits",
        [Bar("short", (10.0,)), Bar("long", (20.0,)), Bar("unknown", (None,))],
        series=("wait",),
        unit="min",
        under="length",
        mark=("median", 15.0),
    )
    short, long = [one for one in shapes(svg, "rect") if one.get("class") == "p-one"][1:]
    assert float(long.get("height")) == pytest.approx(2 * float(short.get("height")), abs=0.2)
    assert len([one for one in shapes(svg, "line") if one.get("class") == "p-mark"]) == 2
    assert {"short", "long", "unknown", "median 15", "min"} <= set(texts(svg))


def test_a_curve_names_hours_only_where_there_is_room():
    names = [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(16, 36)]
    svg = curve("Starts", names, [Line("planned", [1.0] * 20, "p-line")], unit="n", under="time")
    named = [text for text in texts(svg) if text in names]
    assert named == names[::4]
    assert len(shapes(svg, "polyline")) == 1


def test_a_closed_hour_has_no_number_and_a_full_one_the_darkest_shade():
    svg = heat("Chairs", {(0, 8): 0.0, (0, 9): 100.0, (1, 8): None}, [0, 1], [8, 9])
    looks = [one.get("class").split()[-1] for one in shapes(svg, "rect")]
    assert looks == ["p-level-0", "p-level-shut", "p-level-5", "p-level-shut"]
    assert {"Mon", "Tue", "08:00", "09:00", "0", "100"} == set(texts(svg))


def test_a_small_picture_of_nothing_is_still_a_picture():
    assert 'role="img"' in spark("Nothing yet", [], None)
