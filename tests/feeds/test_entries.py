"""What calendars are told of, as visits are booked, moved, covered anew and cancelled."""

import pytest

from scheduling.models import FeedEntry
from tests.feeds.visits import a_patient, a_person, a_room, a_site, a_visit, change_claims

pytestmark = pytest.mark.django_db


def told(resource):
    """(start, end, sequence, cancelled) of each entry, in local time."""
    return [
        (
            f"{entry.starts_at.astimezone(entry.site.zone):%H:%M}",
            f"{entry.ends_at.astimezone(entry.site.zone):%H:%M}",
            entry.sequence,
            entry.cancelled,
        )
        for entry in FeedEntry.objects.filter(resource=resource.pk).order_by("position")
    ]


@pytest.fixture
def site():
    return a_site()


def test_a_nurse_is_told_her_own_minutes_and_not_the_whole_visit(site):
    ines, room = a_person(site), a_room(site)
    a_visit(site, a_patient(), {room: [("09:00", "11:20")], ines: [("09:10", "09:30")]})
    assert told(ines) == [("09:10", "09:30", 0, False)]


def test_a_room_is_told_without_its_turnover(site):
    room = a_room(site)
    a_visit(site, a_patient(), {room: [("09:00", "11:20")]})
    assert told(room) == [("09:00", "11:20", 0, False)]


def test_stretches_that_touch_are_one_entry_and_those_apart_are_two(site):
    ines = a_person(site)
    held = {ines: [("09:10", "09:30"), ("09:30", "10:00"), ("10:40", "11:20")]}
    a_visit(site, a_patient(), held)
    assert told(ines) == [("09:10", "10:00", 0, False), ("10:40", "11:20", 0, False)]


def test_the_patient_has_no_entry(site):
    pia = a_patient()
    a_visit(site, pia, {a_room(site): [("09:00", "10:00")]})
    assert told(pia) == []


def test_a_cancelled_visit_is_told_to_everybody_who_was_in_it(site):
    ines, room = a_person(site), a_room(site)
    visit = a_visit(site, a_patient(), {room: [("09:00", "10:00")], ines: [("09:00", "10:00")]})
    change_claims(visit, {})
    assert told(ines) == told(room) == [("09:00", "10:00", 1, True)]


def test_a_nurse_who_is_replaced_hears_that_hers_is_cancelled(site):
    ines, omar, room = a_person(site), a_person(site, "Omar Said"), a_room(site)
    visit = a_visit(site, a_patient(), {room: [("09:00", "10:00")], ines: [("09:00", "10:00")]})
    change_claims(visit, {room: [("09:00", "10:00")], omar: [("09:00", "10:00")]})
    assert told(ines) == [("09:00", "10:00", 1, True)]
    assert told(omar) == [("09:00", "10:00", 0, False)]
    assert told(room) == [("09:00", "10:00", 0, False)]


def test_a_nurse_who_comes_back_is_told_under_the_same_entry_with_a_higher_sequence(site):
    ines, omar = a_person(site), a_person(site, "Omar Said")
    visit = a_visit(site, a_patient(), {ines: [("09:00", "10:00")]})
    change_claims(visit, {omar: [("09:00", "10:00")]})
    change_claims(visit, {ines: [("09:00", "10:00")]})
    assert told(ines) == [("09:00", "10:00", 2, False)]


def test_a_moved_visit_raises_the_sequence_of_its_entries(site):
    ines = a_person(site)
    visit = a_visit(site, a_patient(), {ines: [("09:00", "10:00")]})
    change_claims(visit, {ines: [("13:00", "14:00")]})
    assert told(ines) == [("13:00", "14:00", 1, False)]


def test_a_stretch_that_is_lost_is_cancelled_and_the_other_stays(site):
    ines = a_person(site)
    visit = a_visit(site, a_patient(), {ines: [("09:00", "09:20"), ("10:00", "11:00")]})
    change_claims(visit, {ines: [("09:00", "09:20")]})
    assert told(ines) == [("09:00", "09:20", 0, False), ("10:00", "11:00", 1, True)]
