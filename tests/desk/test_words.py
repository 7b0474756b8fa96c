"""How the desk says things."""

from datetime import date

import pytest

from api.desk import words
from scheduling.models import Status


def test_dates_read_as_they_are_spoken():
    assert words.day(date(2026, 12, 8)) == "Tue 8 Dec"
    assert words.day_and_year(date(2026, 12, 8)) == "Tue 8 Dec 2026"


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "today"), (1, "tomorrow"), (-1, "yesterday"), (9, "in 9 days"), (-2, "2 days ago")],
)
def test_distances_are_said_from_today(days, said):
    assert words.distance(days) == said


def test_every_status_has_a_word_and_an_icon():
    assert set(words.STATUSES) == set(Status)
    assert all(sign.word and sign.icon for sign in words.STATUSES.values())


def test_a_number_that_is_no_telephone_number_stays_as_it_is():
    assert words.telephone("+12125550123") == "(212) 555-0123"
    assert words.telephone("ask for Sam") == "ask for Sam"
