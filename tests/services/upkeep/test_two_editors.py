"""Two people edit the same thing: the second is refused and told what the first changed."""

from datetime import time

import pytest

from clinic.journal import Actor, ChangedMeanwhile, newest
from clinic.models import Room
from clinic.services.closures import Opening
from clinic.services.patients import update_patient
from scheduling.services import upkeep
from scheduling.services.organisations import save_organisation
from tests.cast import NOW, patient
from tests.services.upkeep.edits import everything

pytestmark = pytest.mark.django_db
FIRST = {"actor": Actor("ines@clinic.example", "desk"), "now": NOW}
SECOND = {"actor": Actor("dora@clinic.example", "desk"), "now": NOW}


@pytest.fixture
def room(clinic):
    return Room.objects.get(site=clinic, name="Room 1")


def refused(save, **facts):
    """What the second is told; nothing of theirs may be saved."""
    before = everything()
    with pytest.raises(ChangedMeanwhile) as late:
        save(**facts, **SECOND)
    assert everything() == before
    return [(entry.actor, entry.after) for entry in late.value.entries]


def test_the_second_is_told_every_change_to_a_room_since_they_looked(room):
    seen = newest(f"room:{room.pk}")
    upkeep.save_room(room=room.pk, turnover_minutes=20, **FIRST)
    upkeep.save_room(room=room.pk, chairs=2, **FIRST)
    assert refused(upkeep.save_room, room=room.pk, name="Room 1a", seen=seen) == [
        ("ines@clinic.example", {"turnover_minutes": 20}),
        ("ines@clinic.example", {"chairs": 2}),
    ]


def test_whoever_has_looked_again_may_save(room):
    upkeep.save_room(room=room.pk, turnover_minutes=20, **FIRST)
    upkeep.save_room(room=room.pk, name="Room 1a", seen=newest(f"room:{room.pk}"), **SECOND)
    room.refresh_from_db()
    assert (room.name, room.turnover_minutes) == ("Room 1a", 20)


def test_who_does_not_say_what_they_saw_is_not_asked(room):
    upkeep.save_room(room=room.pk, turnover_minutes=20, **FIRST)
    upkeep.save_room(room=room.pk, name="Room 1a", **SECOND)
    assert Room.objects.get(pk=room.pk).name == "Room 1a"


def test_a_change_to_another_room_is_no_obstacle(clinic, room):
    seen = newest(f"room:{room.pk}")
    other = Room.objects.get(site=clinic, name="Room 2")
    upkeep.save_room(room=other.pk, turnover_minutes=20, **FIRST)
    upkeep.save_room(room=room.pk, name="Room 1a", seen=seen, **SECOND)
    assert Room.objects.get(pk=room.pk).name == "Room 1a"


def test_a_save_that_changed_nothing_is_no_obstacle(room):
    seen = newest(f"room:{room.pk}")
    upkeep.save_room(room=room.pk, name=room.name, **FIRST)
    upkeep.save_room(room=room.pk, name="Room 1a", seen=seen, **SECOND)
    assert Room.objects.get(pk=room.pk).name == "Room 1a"


def test_a_site_and_its_week_are_one_thing(clinic):
    seen = newest(f"site:{clinic.pk}")
    upkeep.save_site(site=clinic.pk, phone="+12125550100", **FIRST)
    longer = [Opening(day, time(7), time(20)) for day in range(7)]
    told = refused(upkeep.set_opening_hours, site=clinic.pk, openings=longer, seen=seen)
    assert told == [("ines@clinic.example", {"phone": "+12125550100"})]
    seen = newest(f"site:{clinic.pk}")
    upkeep.set_opening_hours(site=clinic.pk, openings=longer, seen=seen, **FIRST)
    [(who, after)] = refused(upkeep.save_site, site=clinic.pk, address="1 Elm St", seen=seen)
    assert (who, list(after)) == ("ines@clinic.example", ["hours"])


def test_the_second_to_correct_a_patient_is_refused():
    pia = patient()
    seen = newest(f"patient:{pia.pk}")
    update_patient(patient=pia.pk, escort_name="Max", **FIRST)
    told = refused(update_patient, patient=pia.pk, notes="Prefers the window.", seen=seen)
    assert told == [("ines@clinic.example", {"escort_name": "Max"})]


def test_the_second_to_change_the_organisation_is_refused(clinic):
    which = clinic.organisation_id
    seen = newest(f"organisation:{which}")
    save_organisation(organisation=which, name="Juniper", **FIRST)
    told = refused(save_organisation, organisation=which, name="Juniper Group", seen=seen)
    assert told == [("ines@clinic.example", {"name": "Juniper"})]
