"""What the wizard's one form means."""

from datetime import date, time

from django.http import QueryDict

from api.desk.wizard import Wanted, grid

TODAY = date(2026, 12, 7)


def wanted(query: str) -> Wanted:
    return Wanted.read(QueryDict(query), TODAY)


def test_nothing_chosen_asks_for_any_day_at_any_time_from_today():
    form = wanted("")
    assert (form.start, form.weekdays, form.hours) == ("2026-12-07", [], (None, None))


def test_cells_narrow_weekdays_and_hours():
    form = wanted("when=tue-morning&when=thu-morning")
    assert form.weekdays == [1, 3]
    assert form.hours == (None, time(12))


def test_typed_hours_narrow_the_parts_of_the_day_further():
    form = wanted("when=tue-midday&earliest=13:30&latest=18:00")
    assert form.hours == (time(13, 30), time(15))


def test_hours_that_leave_nothing_are_said_beside_the_field():
    assert wanted("earliest=15:00&latest=09:00").errors == {
        "latest": "This is before the earliest start."
    }


def test_what_cannot_be_read_is_said_and_kept():
    form = wanted("from=soon&earliest=noonish&done.aud-kare.screening=lately")
    assert form.start == "soon"
    assert set(form.errors) == {"from", "earliest", "done.aud-kare.screening"}


def test_cells_that_do_not_exist_are_left_out():
    assert wanted("when=mon-night&when=xyz").when == ()


def test_the_grid_has_seven_days_in_three_parts():
    rows = grid(wanted("when=fri-afternoon"))
    assert [len(row.cells) for row in rows] == [7, 7, 7]
    assert [value for row in rows for value, _, chosen in row.cells if chosen] == ["fri-afternoon"]
