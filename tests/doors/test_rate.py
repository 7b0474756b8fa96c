from datetime import timedelta

import pytest
import time_machine

from api.models import Client
from api.rate import PER_CLIENT, Limit, ask
from tests.cast import NOW
from tests.doors.callers import caller

SMALL = Limit("small", rate=2, burst=10)


def asked(times: int, limit: Limit = SMALL, who: str = "a") -> int:
    """How many of so many requests at one moment are let in."""
    return sum(not ask(limit, who).wait for _ in range(times))


def test_a_burst_is_let_in_and_no_more():
    with time_machine.travel(NOW, tick=False):
        assert asked(30) == 10


def test_a_bucket_refills_at_its_rate():
    with time_machine.travel(NOW, tick=False) as clock:
        asked(30)
        clock.shift(timedelta(seconds=3))
        assert asked(30) == 6


def test_a_long_rest_fills_the_bucket_and_no_further():
    with time_machine.travel(NOW, tick=False) as clock:
        asked(30)
        clock.shift(timedelta(hours=5))
        assert asked(30) == 10


def test_a_steady_caller_within_the_rate_is_never_stopped():
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(200):
            clock.shift(timedelta(seconds=0.5))
            assert not ask(SMALL, "a").wait


def test_a_steady_caller_above_the_rate_gets_the_rate():
    with time_machine.travel(NOW, tick=False) as clock:
        asked(10)
        let_in = 0
        for _ in range(400):
            clock.shift(timedelta(seconds=0.1))
            let_in += asked(1)
    assert 78 <= let_in <= 81


def test_who_waits_as_told_is_let_in():
    with time_machine.travel(NOW, tick=False) as clock:
        asked(10)
        clock.shift(timedelta(seconds=ask(SMALL, "a").wait))
        assert asked(1) == 1


def test_callers_have_buckets_of_their_own():
    with time_machine.travel(NOW, tick=False):
        asked(30)
        assert asked(30, who="b") == 10


@pytest.mark.django_db
def test_a_client_that_asks_too_fast_is_told_when_to_come_back():
    records = caller()
    with time_machine.travel(NOW, tick=False):
        asked(499, PER_CLIENT, who=str(Client.objects.get().pk))
        assert records.get("sites").status_code == 200
        refused = records.get("sites")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1
    assert refused["RateLimit"] == '"client";r=0;t=1'
    assert refused["RateLimit-Policy"] == '"client";q=500;w=10'
    assert refused.json()["type"] == "urn:chairtime:problem:too-fast"


@pytest.mark.django_db
def test_an_answer_tells_how_much_is_left():
    assert caller().get("sites")["RateLimit"] == '"client";r=499;t=1'
