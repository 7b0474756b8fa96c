"""What a form takes from the other's change, and what it keeps of one's own."""

import pytest
from django.http import QueryDict

from api.desk.forms import PatientForm
from api.desk.meanwhile import meanwhile, theirs
from api.desk.place_forms import OrganisationForm, RoomForm
from clinic.journal import ChangedMeanwhile
from clinic.models import Journal, User
from tests.cast import NOW, house

ROOM = {"name": ["Room 1"], "capabilities": ["infusion"], "chairs": ["1"]} | {
    "turnover_minutes": ["10"]
}
PIA = {
    "given_name": ["Pia"],
    "family_name": ["Sample"],
    "birth_date": ["1980-01-01"],
    "acuity": ["1"],
    "no_text": ["on"],
}


def form(kind, fields, **typed):
    data = QueryDict(mutable=True)
    for name, values in (fields | typed).items():
        data.setlist(name, values)
    made = kind(data)
    assert made.is_valid(), made.errors
    return made


def late(*changes):
    """Changes by Ines, each (before, after), as the journal has them."""
    rows = [
        Journal(pk=n, at=NOW, actor="ines@clinic.example", before=before, after=after)
        for n, (before, after) in enumerate(changes, start=7)
    ]
    return ChangedMeanwhile(rows)


def test_what_was_not_touched_becomes_what_the_other_made_it():
    error = late(({"turnover_minutes": 10}, {"turnover_minutes": 20}))
    merged = theirs(form(RoomForm, ROOM, name=["Quiet room"]), error)
    assert (merged["name"], merged["turnover_minutes"]) == ("Quiet room", "20")


def test_what_was_typed_stays_though_the_other_changed_it_too():
    error = late(({"turnover_minutes": 10}, {"turnover_minutes": 20}))
    merged = theirs(form(RoomForm, ROOM, turnover_minutes=["15"]), error)
    assert merged["turnover_minutes"] == "15"


def test_a_list_is_taken_whole_in_whichever_order_it_was_drawn():
    both = ["infusion", "private"]
    error = late(({"capabilities": ["private", "infusion"]}, {"capabilities": ["therapy"]}))
    merged = theirs(form(RoomForm, ROOM, capabilities=both), error)
    assert merged.getlist("capabilities") == ["therapy"]


def test_a_box_that_the_other_cleared_or_ticked_is_as_they_left_it():
    error = late(({"no_text": True, "no_call": False}, {"no_text": False, "no_call": True}))
    merged = PatientForm(theirs(form(PatientForm, PIA), error))
    assert merged.is_valid()
    assert (merged.cleaned_data["no_text"], merged.cleaned_data["no_call"]) == (False, True)


def test_a_blank_that_the_other_filled_is_filled_and_one_they_emptied_is_empty():
    error = late(({"phone": "", "notes": "Quiet"}, {"phone": "+12125550100", "notes": ""}))
    merged = theirs(form(PatientForm, PIA, notes=["Quiet"]), error)
    assert (merged["phone"], merged["notes"]) == ("+12125550100", "")


def test_what_is_kept_together_and_typed_apart_is_taken_by_field():
    told = {"therapist": ["license"], "prescriber": []}
    error = late(
        ({"required_credentials": told}, {"required_credentials": told | {"prescriber": ["dea"]}})
    )
    typed = form(OrganisationForm, {"name": ["Juniper"]}, therapist=["license, bls"])
    merged = theirs(typed, error)
    assert (merged["prescriber"], merged["therapist"]) == ("dea", "license, bls")


@pytest.mark.django_db
def test_it_is_told_who_changed_what_from_what_and_whether_one_typed_it_too():
    User.objects.create(
        username="ines", email="ines@clinic.example", first_name="Ines", last_name="Nurse"
    )
    error = late(
        ({"turnover_minutes": 10}, {"turnover_minutes": 20}),
        ({"turnover_minutes": 20, "active": True}, {"turnover_minutes": 25, "active": False}),
    )
    it = meanwhile(form(RoomForm, ROOM, turnover_minutes=["15"]), error, house())
    assert (it.who, it.seen) == ("Ines Nurse", 8)
    told = [(one.field, one.before, one.after, one.mine) for one in it.changes]
    assert told == [
        ("Turnover, minutes", "10", "25", True),
        ("Active", "yes", "no", False),
    ]


@pytest.mark.django_db
def test_what_was_changed_and_changed_back_is_not_told():
    error = late(({"chairs": 1}, {"chairs": 2}), ({"chairs": 2}, {"chairs": 1}))
    assert meanwhile(form(RoomForm, ROOM), error, house()).changes == ()
