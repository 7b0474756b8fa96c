"""Every feed of the demo centre is accepted by three programs that did not write it, alike."""

import pytest
import time_machine

from clinic.models import Room, Site, Staff
from scheduling.demo import load
from scheduling.models import Series
from scheduling.services.feeds import create_feed
from tests.cast import DESK, MONDAY, NOW
from tests.feeds.readers import by_ical_js, by_recurring_ical_events, by_vobject
from tests.feeds.visits import a_user

pytestmark = pytest.mark.django_db


def test_every_feed_of_people_rooms_sites_and_series_is_read_alike(client):
    with time_machine.travel(NOW, tick=False):
        load(size="centre", seed=1, load=0.05, start=MONDAY, now=NOW)
        reader = a_user("nurse")
        owners = [
            *({"resource": one.pk} for one in Staff.objects.all()),
            *({"resource": one.pk} for one in Room.objects.all()),
            *({"site": one.pk} for one in Site.objects.all()),
            *({"series": one.pk} for one in Series.objects.order_by("pk")[::10]),
        ]
        documents = []
        for owner in owners:
            _, secret = create_feed(**owner, detail="full", user=reader, actor=DESK, now=NOW)
            documents.append(client.get(f"/feeds/{secret}.ics").content)
    assert len(documents) > 80
    read = by_ical_js(documents)
    assert sum(map(len, read)) > 200
    for document, events in zip(documents, read, strict=True):
        assert events == by_vobject(document) == by_recurring_ical_events(document)
