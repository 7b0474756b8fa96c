"""Staff and credentials, and the booked visits that stand in the way of an edit."""

from datetime import date

import pytest

from clinic.models import (
    Credential,
    Journal,
    Staff,
)
from clinic.selectors import expiring_credentials
from scheduling.errors import WouldBreakVisits
from scheduling.models import Appointment, Claim, FeedEntry
from scheduling.services import keeping, upkeep
from tests.cast import (
    DESK,
    FAR,
    MONDAY,
    at,
    days_after,
)
from tests.services.upkeep.edits import BY, refused, told, where, who, wrong

pytestmark = pytest.mark.django_db


def test_somebody_is_added_with_roles_and_sites(clinic):
    person = upkeep.save_staff(
        given_name="Olu",
        family_name="Ade",
        roles=["therapist"],
        skills=["kap", "kap"],
        sites=[clinic],
        **BY,
    )
    assert person.skills == ["kap"]
    assert list(person.sites.all()) == [clinic]
    actions = Journal.objects.filter(subject=f"staff:{person.pk}").values_list("action", flat=True)
    assert list(actions) == ["staff.added", "staff.changed"]


def test_a_therapist_with_visits_cannot_leave(booked):
    ana = who(booked["th1"], "therapist")
    assert refused(upkeep.save_staff, staff=ana.pk, active=False) == [
        f"th{number}" for number in range(1, 8)
    ]


def test_a_therapist_with_visits_cannot_stop_being_one(booked):
    ana = who(booked["th1"], "therapist")
    assert "th7" in refused(upkeep.save_staff, staff=ana.pk, roles=["front_desk"])


def test_a_therapist_with_visits_cannot_become_a_nurse_who_could_watch_meanwhile(booked):
    ana = who(booked["th1"], "therapist")
    roles = ["therapist", "monitoring_nurse"]
    assert "th1" in refused(upkeep.save_staff, staff=ana.pk, roles=roles)


def test_a_nurse_with_visits_cannot_stop_working_at_the_site(booked):
    nurse = who(booked["inf1"], "monitoring_nurse")
    assert "inf1" in refused(upkeep.save_staff, staff=nurse.pk, sites=[])


def test_whoever_has_no_visits_may_leave(booked):
    theo = Staff.objects.exclude(pk__in=Claim.objects.values("resource")).first()
    assert not upkeep.save_staff(staff=theo.pk, active=False, **BY).active


def test_wrong_facts_of_staff_are_told_by_field(clinic):
    ana = Staff.objects.get(given_name="Ana").pk
    assert wrong(upkeep.save_staff, staff=ana, roles=["wizard"]) == ["roles"]
    assert wrong(upkeep.save_staff, staff=ana, email="nobody") == ["email"]
    assert wrong(upkeep.save_staff, staff=ana, max_patients=0) == ["max_patients"]
    assert wrong(upkeep.save_staff, staff=ana, given_name="") == ["given_name"]


# Credentials


def test_a_credential_is_added_and_renewed(clinic):
    ana = Staff.objects.get(given_name="Ana")
    acls = upkeep.add_credential(staff=ana.pk, kind="acls", expires_on=date(2027, 1, 1), **BY)
    upkeep.renew_credential(credential=acls.pk, expires_on=date(2029, 1, 1), **BY)
    assert told() == (
        "credential.changed",
        {"expires_on": "2027-01-01"},
        {"expires_on": "2029-01-01"},
    )


def test_a_credential_cannot_be_cut_short_of_a_booked_visit(booked):
    ana = who(booked["th1"], "therapist")
    licence = ana.credentials.get(kind="therapy_licence")
    until = booked["th6"].starts_at.date()
    cut = refused(upkeep.renew_credential, credential=licence.pk, expires_on=until)
    assert cut == ["th7"]


def test_a_credential_that_booked_visits_need_cannot_be_removed(booked):
    nurse = who(booked["inf1"], "monitoring_nurse")
    licence = nurse.credentials.get(kind="nursing_licence")
    assert "inf1" in refused(upkeep.remove_credential, credential=licence.pk)


def test_a_credential_that_nothing_needs_can_be_removed(clinic):
    licence = Credential.objects.first()
    upkeep.remove_credential(credential=licence.pk, **BY)
    assert told()[0] == "credential.removed"
    assert not Credential.objects.filter(pk=licence.pk).exists()


def test_a_credential_does_not_expire_before_it_is_valid(clinic):
    ana = Staff.objects.get(given_name="Ana").pk
    facts = {"kind": "acls", "valid_from": date(2027, 1, 2), "expires_on": date(2027, 1, 1)}
    assert wrong(upkeep.add_credential, staff=ana, **facts) == ["expires_on"]
    assert wrong(upkeep.add_credential, staff=ana, kind="Acls licence", expires_on=FAR) == ["kind"]


def test_visits_that_are_over_stand_in_nobodys_way(booked, clinic):
    ana = who(booked["th1"], "therapist")
    after = at(days_after(MONDAY, 200), "09:00")
    saved = upkeep.save_staff(staff=ana.pk, active=False, actor=DESK, now=after)
    assert not saved.active


def test_what_was_wrong_before_does_not_stand_in_the_way_of_something_else(booked, clinic):
    ana = who(booked["th1"], "therapist")
    Staff.objects.filter(pk=ana.pk).update(skills=[], active=False)
    room = upkeep.save_room(site=clinic, name="New Room", capabilities=["infusion"], **BY)
    assert room.pk


def test_the_visits_are_told_in_time_order_with_what_would_be_wrong(booked, clinic):
    ana = who(booked["th1"], "therapist")
    with pytest.raises(WouldBreakVisits) as broken:
        upkeep.save_staff(staff=ana.pk, active=False, **BY)
    assert str(broken.value) == "7 booked visits would no longer fit."
    starts = [Appointment.objects.get(pk=visit).starts_at for visit, _ in broken.value.breaks]
    assert starts == sorted(starts)
    assert f"{ana.name} does not work here." in {message for _, message in broken.value.breaks}


# Credentials about to expire


def test_credentials_that_expire_soon_are_told_soonest_first(clinic):
    ana, theo = (Staff.objects.get(given_name=name) for name in ("Ana", "Theo"))
    for person, until in ((ana, date(2027, 1, 5)), (theo, date(2026, 12, 1))):
        person.credentials.update(expires_on=until)
    told = expiring_credentials(today=MONDAY, days=30, site=clinic)
    assert [credential.staff for credential in told] == [theo, ana]
    assert not expiring_credentials(today=date(2026, 11, 1), days=29)


def test_a_credential_that_a_later_one_takes_over_from_is_not_told(clinic):
    ana = Staff.objects.get(given_name="Ana")
    upkeep.add_credential(staff=ana.pk, kind="therapy_licence", expires_on=MONDAY, **BY)
    assert not expiring_credentials(today=MONDAY, days=30)


def test_credentials_of_somebody_who_has_left_are_not_told(clinic):
    ana = Staff.objects.get(given_name="Ana")
    ana.credentials.update(expires_on=MONDAY)
    upkeep.save_staff(staff=ana.pk, active=False, **BY)
    assert not expiring_credentials(today=MONDAY, days=30)


def test_a_change_of_words_alone_closes_no_site(clinic, booked, monkeypatch):
    monkeypatch.setattr(keeping, "daybook", None)
    ana = Staff.objects.get(given_name="Ana")
    upkeep.save_staff(staff=ana.pk, family_name="Ruiz-Berg", title="Dr", **BY)
    upkeep.save_room(room=where(booked["th1"]).pk, name="Quiet Room", **BY)
    upkeep.save_site(site=clinic.pk, neutral_name="Main Street", **BY)


def test_a_room_or_site_that_is_renamed_is_told_anew_in_calendars(clinic, booked):
    entries = FeedEntry.objects.filter(appointment=booked["th1"], kind="staff")
    upkeep.save_room(room=where(booked["th1"]).pk, name="Quiet Room", **BY)
    assert entries.get().sequence == 1
    upkeep.save_site(site=clinic.pk, neutral_name="Main Street", **BY)
    assert entries.get().sequence == 2
