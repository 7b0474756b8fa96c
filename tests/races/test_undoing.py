"""Somebody takes a cancellation back while others book the place, and while they do so twice."""

from __future__ import annotations

from functools import partial

import pytest

from clinic.models import Journal, Room
from scheduling.audit import violations
from scheduling.errors import SlotTaken
from scheduling.models import Appointment, Claim
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_series
from scheduling.services.undoing import NotUndoable, undo
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"actor": DESK, "now": NOW}


def test_a_series_returns_once_or_its_place_is_somebody_elses():
    juniper, kare = house(), protocol("aud-kare")
    Room.objects.exclude(name__in=("Room 1", "Therapy A")).delete()
    mine = book_series(token=token(patient("Pia"), kare, juniper, kare_times()), **BY)
    cancel_series(series=mine.pk, reason="patient: moved away", **BY)
    entry = Journal.objects.get(action="series.cancelled")
    others = [token(patient(f"P{i}"), kare, juniper, kare_times()) for i in range(2)]

    met = all_at_once(
        [
            partial(undo, entry=entry.pk, **BY),
            *(partial(book_series, token=one, **BY) for one in others),
            partial(undo, entry=entry.pk, **BY),
        ]
    )

    lost = [one.error for one in met if one.error]
    assert len(lost) == 3
    assert all(isinstance(one, (SlotTaken, NotUndoable)) for one in lost), lost
    assert Appointment.objects.filter(status="booked").count() == 11
    assert Claim.objects.values("appointment__series").distinct().count() == 1
    assert not list(violations(sites=[juniper], now=NOW))
