"""What follows from what happened: after the commit, and never in its way."""

import pytest
from django.db import transaction

from clinic import followups, journal
from clinic.transactions import after_commit, durable, writing
from config.followups import FOLLOWUPS
from tests.cast import DESK, NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def happened(monkeypatch):
    """The consequences of "tea.made", in the order in which they ran."""
    seen = []
    table = {"tea.made": [lambda entry: seen.append(("pour", entry.subject)), seen.append]}
    monkeypatch.setattr(followups, "_table", lambda: table)
    return seen


def make_tea():
    return journal.record(actor=DESK, now=NOW, action="tea.made", subject="pot:7")


def test_what_follows_runs_in_order_once_the_change_is_committed(happened):
    with writing():
        entry = make_tea()
        assert happened == []
    assert happened == [("pour", "pot:7"), entry]


def test_nothing_follows_from_what_was_rolled_back(happened):
    @durable
    def spill():
        make_tea()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        spill()
    with writing():
        pass
    assert happened == []


def test_what_follows_may_be_a_service_of_its_own():
    seen = []

    @durable
    def drink():
        seen.append("drunk")

    with writing():
        after_commit(drink)
    assert seen == ["drunk"]


def test_a_consequence_that_fails_is_logged_and_the_others_still_run(caplog):
    seen = []
    with writing():
        after_commit(lambda: 1 / 0)
        after_commit(lambda: seen.append("ran"))
    assert seen == ["ran"]
    assert "A consequence failed" in caplog.text


def test_what_nothing_follows_from_is_fine(happened):
    with writing():
        journal.record(actor=DESK, now=NOW, action="tea.spilt", subject="pot:7")
    assert happened == []


@pytest.mark.django_db(transaction=True)
def test_outside_a_service_what_follows_waits_for_the_commit_too(happened):
    with transaction.atomic():
        entry = make_tea()
        assert happened == []
    assert happened == [("pour", "pot:7"), entry]


def test_the_table_names_actions_and_functions():
    for action, consequences in FOLLOWUPS.items():
        assert action.count(".") == 1
        assert all(callable(consequence) for consequence in consequences)
