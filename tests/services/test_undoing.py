"""The last action of a person taken back, one inverse a test; the audit is clean after each."""

from datetime import date, time, timedelta

import pytest

from clinic.journal import Actor, ChangedMeanwhile
from clinic.models import (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    Journal,
    Room,
    Staff,
)
from clinic.services.hours import Shift
from clinic.services.patients import create_patient
from scheduling.audit import violations
from scheduling.errors import SlotTaken, WouldBreakVisits
from scheduling.models import Appointment, Claim, FeedEntry
from scheduling.services import upkeep
from scheduling.services.attention import correct_patient
from scheduling.services.booking import book_series, book_visit
from scheduling.services.cancelling import cancel_series, cancel_visit
from scheduling.services.notes import note_subject, write_note
from scheduling.services.undoing import NotUndoable, newest_undoable, undo
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db

BY = {"actor": DESK, "now": NOW}
OTHER = Actor(name="Noel at the other desk", door="desk")


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def series(clinic):
    return book_series(token=token(patient(), protocol(), clinic, kare_times()), **BY)


def last(subject):
    """The journal row that an undo of this subject would take back."""
    entry = newest_undoable(subject, **BY)
    assert entry is not None
    return entry.pk


def held(visit):
    """Rooms and clinicians of a visit: nurses may be others."""
    rows = Claim.objects.filter(appointment=visit).exclude(role="monitoring_nurse")
    return sorted(rows.values_list("resource", "lane", "start_minute", "end_minute", "role"))


def wrong(site):
    return [found for found in violations(sites=[site], now=NOW) if found.severity == "violation"]


def test_a_cancelled_visit_is_booked_again_at_its_own_place(series):
    inf2 = series.appointments.get(step="inf2")
    before = held(inf2)
    cancel_visit(appointment=inf2.pk, reason="patient: ill", **BY)
    undo(entry=last(f"appointment:{inf2.pk}"), **BY)
    inf2.refresh_from_db()
    assert (inf2.status, inf2.cancel_reason, inf2.sequence) == ("booked", "", 2)
    assert held(inf2) == before
    assert inf2.claims.filter(role="monitoring_nurse").exists()
    assert not FeedEntry.objects.filter(appointment=inf2, cancelled=True).exists()
    assert wrong(series.site) == []


def test_a_cancelled_series_is_booked_again_visit_by_visit(series):
    before = {visit.step: held(visit) for visit in series.appointments.all()}
    cancel_series(series=series.pk, reason="patient: moved away", **BY)
    undo(entry=last(f"series:{series.pk}"), **BY)
    series.refresh_from_db()
    assert (series.status, series.cancel_reason) == ("active", "")
    assert {visit.step: held(visit) for visit in series.appointments.all()} == before
    assert set(series.appointments.values_list("status", flat=True)) == {"booked"}
    assert wrong(series.site) == []


def test_what_was_done_of_a_series_stays_as_it_was(series):
    Appointment.objects.filter(step="screening").update(status="discharged")
    cancel_series(series=series.pk, reason="patient: moved away", **BY)
    undo(entry=last(f"series:{series.pk}"), **BY)
    assert series.appointments.get(step="screening").status == "discharged"
    assert series.appointments.filter(status="booked").count() == 10


def test_a_visit_that_began_in_the_minutes_since_returns_too(series):
    screening = series.appointments.get(step="screening")
    begun = screening.starts_at + timedelta(minutes=3)
    cancel_visit(appointment=screening.pk, reason="clinic: error", actor=DESK, now=begun)
    soon = begun + timedelta(minutes=2)
    entry = newest_undoable(f"appointment:{screening.pk}", actor=DESK, now=soon)
    undo(entry=entry.pk, actor=DESK, now=soon)
    screening.refresh_from_db()
    assert screening.status == "booked"


def test_a_place_taken_meanwhile_stays_with_who_took_it(series):
    cancel_series(series=series.pk, reason="patient: moved away", **BY)
    entry = last(f"series:{series.pk}")
    for name in ("Per", "Pol"):
        visit = {"inf1": kare_times()["inf1"]}
        version, site = series.protocol_version, series.site
        book_series(token=token(patient(name), version, site, visit), **BY)
    with pytest.raises(SlotTaken):
        undo(entry=entry, **BY)
    series.refresh_from_db()
    assert series.status == "cancelled"
    assert not Claim.objects.filter(appointment__series=series).exists()


def test_a_step_booked_anew_is_not_booked_twice(series):
    th7 = series.appointments.get(step="th7")
    cancel_visit(appointment=th7.pk, reason="patient: ill", **BY)
    entry = last(f"appointment:{th7.pk}")
    book_visit(
        patient=series.patient,
        site=series.site,
        version=series.protocol_version,
        step="th7",
        starts_at=th7.starts_at + timedelta(hours=2),
        **BY,
    )
    with pytest.raises(Exception, match="booked anew"):
        undo(entry=entry, **BY)


def test_a_series_booked_by_mistake_is_given_up(series):
    undo(entry=last(f"series:{series.pk}"), **BY)
    series.refresh_from_db()
    assert (series.status, series.cancel_reason) == ("cancelled", "undone")
    assert not Claim.objects.filter(appointment__series=series).exists()


def test_a_series_somebody_changed_since_is_not_given_up(series):
    entry = last(f"series:{series.pk}")
    inf1 = series.appointments.get(step="inf1")
    cancel_visit(appointment=inf1.pk, reason="patient: ill", actor=OTHER, now=NOW)
    with pytest.raises(ChangedMeanwhile, match="Noel"):
        undo(entry=entry, **BY)
    assert Claim.objects.filter(appointment__series=series).exists()


def test_a_single_visit_booked_by_mistake_is_given_up(clinic):
    visit = book_visit(
        patient=patient(),
        site=clinic,
        version=protocol("maintenance"),
        step="inf1",
        starts_at=at(MONDAY, "10:00"),
        **BY,
    )
    undo(entry=last(f"appointment:{visit.pk}"), **BY)
    visit.refresh_from_db()
    assert (visit.status, visit.cancel_reason) == ("cancelled", "undone")
    assert not visit.claims.exists()


def test_an_absence_goes_and_returns(clinic):
    ana = Staff.objects.get(given_name="Ana")
    start, end = at(MONDAY, "12:00"), at(MONDAY, "14:00")
    off = upkeep.add_absence(resource=ana.pk, starts_at=start, ends_at=end, reason="away", **BY)
    undo(entry=last(f"absence:{off.pk}"), **BY)
    assert not Absence.objects.exists()
    off = upkeep.add_absence(resource=ana.pk, starts_at=start, ends_at=end, reason="away", **BY)
    upkeep.remove_absence(absence=off.pk, **BY)
    undo(entry=last(f"absence:{off.pk}"), **BY)
    again = Absence.objects.get()
    assert (again.resource_id, again.starts_at, again.ends_at, again.reason) == (
        ana.pk,
        start,
        end,
        "away",
    )


def test_an_absence_does_not_return_over_a_visit_booked_meanwhile(clinic):
    room = Room.objects.get(name="Room 1")
    start, end = at(MONDAY, "09:00"), at(MONDAY, "14:00")
    for closed in Room.objects.exclude(pk=room.pk).filter(capabilities=["infusion"]):
        upkeep.save_room(room=closed.pk, active=False, **BY)
    out = upkeep.add_absence(resource=room.pk, starts_at=start, ends_at=end, **BY)
    upkeep.remove_absence(absence=out.pk, **BY)
    entry = last(f"absence:{out.pk}")
    book_visit(
        patient=patient(),
        site=clinic,
        version=protocol("maintenance"),
        step="inf1",
        starts_at=at(MONDAY, "10:00"),
        **BY,
    )
    with pytest.raises(WouldBreakVisits):
        undo(entry=entry, **BY)
    assert not Absence.objects.exists()


def test_a_closure_goes_and_returns(clinic):
    days = {"first": date(2026, 12, 24), "last": date(2026, 12, 26), "reason": "Christmas"}
    closed = upkeep.add_closure(site=clinic.pk, **days, **BY)
    undo(entry=last(f"closure:{closed.pk}"), **BY)
    assert not Closure.objects.exists()
    closed = upkeep.add_closure(site=clinic.pk, **days, **BY)
    upkeep.remove_closure(closure=closed.pk, **BY)
    undo(entry=last(f"closure:{closed.pk}"), **BY)
    assert Closure.objects.filter(**days, site=clinic).exists()


def test_a_day_that_differs_goes_and_returns(clinic):
    ana = Staff.objects.get(given_name="Ana")
    facts = {
        "day": MONDAY,
        "starts": time(8),
        "ends": time(12),
        "working": False,
        "note": "dentist",
    }
    off = upkeep.add_exception(staff=ana.pk, site=clinic.pk, **facts, **BY)
    undo(entry=last(f"exception:{off.pk}"), **BY)
    assert not AvailabilityException.objects.exists()
    off = upkeep.add_exception(staff=ana.pk, site=clinic.pk, **facts, **BY)
    upkeep.remove_exception(exception=off.pk, **BY)
    undo(entry=last(f"exception:{off.pk}"), **BY)
    assert AvailabilityException.objects.get().note == "dentist"


def test_what_was_changed_of_a_site_a_room_or_somebody_is_written_back(clinic):
    room, ana = Room.objects.get(name="Room 1"), Staff.objects.get(given_name="Ana")
    upkeep.save_room(room=room.pk, name="Garden", turnover_minutes=30, **BY)
    undo(entry=last(f"room:{room.pk}"), **BY)
    upkeep.save_staff(staff=ana.pk, given_name="Anna", skills=["kap", "emdr"], sites=[], **BY)
    undo(entry=last(f"staff:{ana.pk}"), **BY)
    upkeep.save_site(site=clinic.pk, phone="+16175550100", nurse_lanes=6, **BY)
    undo(entry=last(f"site:{clinic.pk}"), **BY)
    for row in (room, ana, clinic):
        row.refresh_from_db()
    assert (room.name, room.turnover_minutes) == ("Room 1", 10)
    assert (ana.given_name, ana.skills, list(ana.sites.all())) == ("Ana", ["kap"], [clinic])
    assert (clinic.phone, clinic.nurse_lanes) == ("", 4)


def test_opening_hours_are_written_back(clinic):
    upkeep.set_opening_hours(site=clinic.pk, openings=[], **BY)
    undo(entry=last(f"site:{clinic.pk}"), **BY)
    assert [row.weekday for row in clinic.opening_hours.order_by("weekday")] == [0, 1, 2, 3, 4]


def test_a_credential_renewed_is_as_it_was_and_one_added_goes(clinic):
    ana = Staff.objects.get(given_name="Ana")
    licence = ana.credentials.get()
    upkeep.renew_credential(credential=licence.pk, expires_on=date(2028, 1, 1), **BY)
    undo(entry=last(f"credential:{licence.pk}"), **BY)
    licence.refresh_from_db()
    assert licence.expires_on.year == 2099
    new = upkeep.add_credential(staff=ana.pk, kind="acls", expires_on=date(2028, 1, 1), **BY)
    undo(entry=last(f"credential:{new.pk}"), **BY)
    assert Credential.objects.filter(staff=ana).count() == 1


def test_what_was_corrected_of_a_patient_is_written_back(clinic):
    pia = create_patient(
        given_name="Pia", family_name="Wren", birth_date=date(1984, 2, 2), home_site=clinic, **BY
    )
    correct_patient(patient=pia.pk, given_name="Pya", birth_date=date(1985, 2, 2), acuity=3, **BY)
    undo(entry=last(f"patient:{pia.pk}"), **BY)
    pia.refresh_from_db()
    assert (pia.given_name, pia.birth_date.year, pia.acuity) == ("Pia", 1984, 1)


def test_a_note_reads_as_before(series):
    inf1 = series.appointments.get(step="inf1")
    for note in ("Comes by taxi", "Comes with her sister"):
        write_note(appointment=inf1.pk, note=note, **BY)
    undo(entry=last(note_subject(inf1.pk)), **BY)
    inf1.refresh_from_db()
    assert inf1.note == "Comes by taxi"


def test_what_somebody_else_did_or_long_ago_is_not_undone(series):
    subject = f"series:{series.pk}"
    entry = last(subject)
    late = NOW + timedelta(minutes=11)
    assert newest_undoable(subject, actor=OTHER, now=NOW) is None
    assert newest_undoable(subject, actor=DESK, now=late) is None
    for who, now in ((OTHER, NOW), (DESK, late)):
        with pytest.raises(NotUndoable):
            undo(entry=entry, actor=who, now=now)
    assert series.appointments.filter(status="booked").count() == 11


def test_undoing_twice_changes_nothing(series):
    inf2 = series.appointments.get(step="inf2")
    cancel_visit(appointment=inf2.pk, reason="patient: ill", **BY)
    entry = last(f"appointment:{inf2.pk}")
    undo(entry=entry, **BY)
    written = Journal.objects.count()
    with pytest.raises(NotUndoable, match="undone already"):
        undo(entry=entry, **BY)
    assert Journal.objects.count() == written
    assert wrong(series.site) == []


def test_somebodys_week_is_as_it_was_with_its_dates(clinic):
    ana = Staff.objects.get(given_name="Ana")
    week = {"staff": ana.pk, "site": clinic.pk}
    morning, late = Shift(0, time(8), time(12)), Shift(2, time(13), time(20), time(16), time(17))
    upkeep.set_weekly_hours(**week, shifts=[morning, late], since=date(2027, 3, 1), **BY)
    before = hours_of(ana)
    upkeep.set_weekly_hours(
        **week, shifts=[late], since=date(2027, 2, 1), actor=DESK, now=NOW + timedelta(minutes=1)
    )
    assert hours_of(ana) != before
    undo(entry=last(f"staff:{ana.pk}"), **BY)
    assert hours_of(ana) == before


def test_a_week_that_visits_have_come_to_rest_on_is_not_taken_back(clinic):
    ana, theo = (Staff.objects.get(given_name=name) for name in ("Ana", "Theo"))
    for person in (ana, theo):
        upkeep.set_weekly_hours(staff=person.pk, site=clinic.pk, shifts=[], since=MONDAY, **BY)
    days = [Shift(day, time(8), time(18)) for day in range(5)]
    later = {"actor": DESK, "now": NOW + timedelta(minutes=1)}
    upkeep.set_weekly_hours(staff=ana.pk, site=clinic.pk, shifts=days, since=MONDAY, **later)
    book_series(token=token(patient(), protocol(), clinic, kare_times()), **BY)
    with pytest.raises(WouldBreakVisits):
        undo(entry=last(f"staff:{ana.pk}"), **later)


def hours_of(person):
    fields = ("weekday", "starts", "ends", "break_starts", "effective_from", "effective_to")
    return sorted(map(str, person.weekly_hours.values_list(*fields)))
