"""Notes on visits: who writes over whom, and who never hears of them."""

import logging

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from clinic.journal import ChangedMeanwhile, newest
from clinic.models import Journal
from scheduling.models import FeedEntry
from scheduling.services.booking import book_visit
from scheduling.services.feeds import create_feed
from scheduling.services.notes import note_subject, write_note
from scheduling.services.undoing import newest_undoable, undo
from tests.cast import DESK, MONDAY, NOW, at, days_after, house, patient, protocol

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return book_visit(
        patient=patient("Pia"),
        site=house(),
        version=protocol("maintenance"),
        step="inf1",
        starts_at=at(days_after(MONDAY, 1), "09:00"),
        actor=DESK,
        now=NOW,
    )


def write(visit, note, **more):
    return write_note(appointment=visit.pk, note=note, actor=DESK, now=NOW, **more)


def test_a_note_is_kept_and_taken_away_again(visit):
    assert write(visit, "  Comes with her sister.\r\nParks behind.  ").note == (
        "Comes with her sister.\nParks behind."
    )
    assert write(visit, "").note == ""
    told = Journal.objects.filter(subject=note_subject(visit.pk))
    assert [entry.action for entry in told] == ["note.changed", "note.changed"]
    assert {entry.site_id for entry in told} == {visit.site_id}


def test_the_same_note_twice_is_one_change(visit):
    write(visit, "Parks behind.")
    write(visit, "Parks behind. ")
    assert Journal.objects.filter(action="note.changed").count() == 1


def test_the_last_note_is_taken_back(visit):
    write(visit, "Parks behind.")
    write(visit, "Parks in front.")
    entry = newest_undoable(note_subject(visit.pk), actor=DESK, now=NOW)
    undo(entry=entry.pk, actor=DESK, now=NOW)
    visit.refresh_from_db()
    assert visit.note == "Parks behind."


def test_a_note_has_a_thousand_characters_and_no_nul(visit):
    assert write(visit, "é" * 1000).note == "é" * 1000
    for wrong in ("x" * 1001, "a\0b"):
        with pytest.raises(ValidationError):
            write(visit, wrong)


def test_who_writes_second_is_told_of_the_first(visit):
    seen = newest(note_subject(visit.pk))
    write(visit, "From the other desk.", seen=seen)
    with pytest.raises(ChangedMeanwhile) as told:
        write(visit, "From this desk.", seen=seen)
    [entry] = told.value.entries
    assert entry.after == {"note": "From the other desk."}


def test_a_note_reaches_no_calendar_and_no_log(visit, caplog):
    secret = create_feed(site=visit.site_id, detail="initials", user=None, actor=DESK, now=NOW)[1]
    before = list(FeedEntry.objects.values_list("sequence", "changed_at"))
    with caplog.at_level(logging.DEBUG):
        write(visit, "Afraid of needles.")
    assert list(FeedEntry.objects.values_list("sequence", "changed_at")) == before
    assert "needles" not in Client().get(f"/feeds/{secret}.ics").content.decode()
    assert "needles" not in "".join(
        record.getMessage() for record in caplog.records if not record.name.startswith("django.db")
    )
