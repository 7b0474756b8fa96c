"""Two people found the clinic at the same moment."""

from functools import partial

import pytest

from clinic.models import Organisation, Site
from scheduling.services.founding import found_site
from tests.cast import DESK, NOW
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_founders_at_once_found_one_clinic():
    facts = {"country": "US", "time_zone": "America/New_York"}
    founders = [
        partial(found_site, organisation="Juniper", name=f"House {n}", actor=DESK, now=NOW, **facts)
        for n in range(4)
    ]

    met = all_at_once(founders)

    assert [one.error for one in met] == [None] * 4
    assert (Organisation.objects.count(), Site.objects.count()) == (1, 1)
