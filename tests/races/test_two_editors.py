"""Two people who looked at the same room save it at the same moment."""

from functools import partial

import pytest

from clinic.journal import ChangedMeanwhile, newest
from clinic.models import Journal, Room
from scheduling.services.upkeep import save_room
from tests.cast import DESK, NOW, house
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_those_who_saw_the_same_room_one_saves_and_the_others_are_told():
    room = Room.objects.filter(site=house()).earliest("position")
    subject = f"room:{room.pk}"
    seen = newest(subject)
    edits = [
        partial(save_room, room=room.pk, turnover_minutes=minutes, seen=seen, actor=DESK, now=NOW)
        for minutes in (20, 25, 30, 35)
    ]

    met = all_at_once(edits)

    late = [outcome.error for outcome in met if outcome.error]
    assert [type(error) for error in late] == [ChangedMeanwhile] * 3
    written = Journal.objects.get(subject=subject, pk__gt=seen)
    room.refresh_from_db()
    assert written.after == {"turnover_minutes": room.turnover_minutes}
    assert {error.entries[-1].pk for error in late} == {written.pk}
