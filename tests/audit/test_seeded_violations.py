"""A well-booked clinic is clean; each thing done to it behind the services' back is found."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from clinic.models import (
    AvailabilityException,
    Closure,
    Credential,
    Journal,
    OpeningHours,
    Patient,
    Room,
    Staff,
    Travel,
    WeeklyHours,
)
from scheduling import audit, guard
from scheduling.models import Appointment, AppointmentPhase, Claim, Hold, ProtocolVersion, Series
from scheduling.services.booking import book_series, hold_proposal
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    nurse,
    off,
    patient,
    protocol,
    room,
    site,
    therapist,
    token,
)

pytestmark = pytest.mark.django_db
D0 = days_after(MONDAY, 10)


@pytest.fixture
def series():
    """Pia's eleven visits at Juniper House, booked through the service."""
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    return book_series(token=token(pia, kare, juniper, kare_times()), actor=DESK, now=NOW)


def rules(**facts):
    facts.setdefault("now", NOW)
    return {v.rule for v in audit.violations(**facts) if v.severity == "violation"}


def claims(visit, role):
    return Claim.objects.filter(appointment=visit, role=role)


def remove_guard():
    connection.check_constraints()  # PostgreSQL alters no table with checks outstanding
    guard.remove(connection)


def shift(visit, minutes):
    """Move a visit, its phases and its claims by hand."""
    by = timedelta(minutes=minutes)
    Appointment.objects.filter(pk=visit.pk).update(
        starts_at=F("starts_at") + by, ends_at=F("ends_at") + by
    )
    for phase in AppointmentPhase.objects.filter(appointment=visit).order_by("position"):
        phase.starts_at, phase.ends_at = phase.starts_at + by, phase.ends_at + by
        phase.save()
    Claim.objects.filter(appointment=visit).update(
        start_minute=F("start_minute") + minutes, end_minute=F("end_minute") + minutes
    )


def copied(claim, **changed):
    claim.pk = None
    for name, value in changed.items():
        setattr(claim, name, value)
    claim.save()
    return claim


def test_a_clinic_booked_by_the_service_is_clean(series):
    assert audit.violations(now=NOW) == []


def test_it_stays_clean_seen_site_by_site_and_week_by_week(series):
    week = {"start": at(D0, "00:00"), "end": at(D0, "00:00") + timedelta(days=7)}
    assert audit.violations(sites=[series.site], now=NOW, **week) == []


def test_a_database_without_its_guard_is_told(series):
    remove_guard()
    assert rules() == {"guard_is_installed"}


def test_a_room_claimed_twice_is_found(series):
    remove_guard()
    inf1 = series.appointments.get(step="inf1")
    hold = Hold.objects.create(
        offer="x", patient=series.patient, site=series.site, held_by="Dora",
        protocol_version=series.protocol_version, expires_at=NOW + timedelta(minutes=10),
    )  # fmt: skip
    copied(claims(inf1, "room").get(), appointment=None, hold=hold)
    guard_is_off = {"guard_is_installed"}
    assert rules() - guard_is_off == {"lane_is_claimed_once"}


def test_a_lane_beyond_the_chairs_is_found(series):
    inf1 = series.appointments.get(step="inf1")
    claims(inf1, "room").update(lane=7)
    assert rules() == {"lane_exists"}


def test_a_room_without_the_capability_is_found(series):
    Room.objects.update(capabilities=["therapy", "consult"])
    assert rules() == {"room_has_capability"}


def test_a_private_visit_that_shares_its_room_is_found(series):
    held = claims(series.appointments.get(step="th1"), "room").get()
    Room.objects.filter(pk=held.resource_id).update(chairs=2)
    assert rules() == {"private_room_is_whole"}


def test_a_turnover_cut_short_is_found(series):
    claims(series.appointments.get(step="inf1"), "room").update(
        end_minute=F("end_minute") - 5, turnover_minutes=5
    )
    assert rules() == {"turnover_is_kept"}


def test_a_room_in_service_no_more_is_found(series):
    Room.objects.filter(capabilities__icontains="therapy").update(active=False)
    assert rules() == {"room_is_in_service"}


def test_a_room_out_for_a_morning_is_found(series):
    held = claims(series.appointments.get(step="inf1"), "room").get()
    off(Room.objects.get(pk=held.resource_id), D0, "09:00", "10:00")
    assert rules() == {"room_is_in_service"}


def test_a_visit_that_lost_its_room_is_found(series):
    claims(series.appointments.get(step="inf2"), "room").delete()
    assert rules() == {"room_is_claimed"}


def test_a_ratio_broken_for_one_phase_is_found(series):
    """Two of the four lanes that prep needs are let go."""
    inf1 = series.appointments.get(step="inf1")
    prep = [c for c in claims(inf1, "monitoring_nurse") if c.end_minute - c.start_minute == 20]
    for claim in prep:
        claim.delete()
    assert rules() == {"ratio_is_kept"}


def test_a_patient_who_became_more_acute_needs_more_than_is_claimed(series):
    Patient.objects.update(acuity=5)
    assert rules() == {"ratio_is_kept"}


def test_a_nurse_who_may_have_one_patient_only_must_be_claimed_whole(series):
    Staff.objects.filter(roles__icontains="monitoring_nurse").update(max_patients=1)
    assert rules() == {"ratio_is_kept"}


def test_a_therapist_not_claimed_is_found(series):
    claims(series.appointments.get(step="th3"), "therapist").delete()
    assert rules() == {"clinician_is_claimed"}


def test_two_therapists_in_one_series_are_found(series):
    th7 = series.appointments.get(step="th7")
    other = therapist("Tomas", series.site)
    claims(th7, "therapist").update(resource=other.pk)
    assert rules() == {"one_therapist_throughout"}


def test_a_nurse_in_the_role_of_a_therapist_is_found(series):
    Staff.objects.filter(pk=series.therapist_id).update(roles=["front_desk"])
    assert "staff_is_qualified" in rules()


def test_somebody_who_left_is_found(series):
    Staff.objects.filter(pk=series.therapist_id).update(active=False)
    assert rules() == {"staff_is_qualified"}


def test_a_licence_that_expires_the_day_before_the_visit_is_found(series):
    Credential.objects.filter(staff=series.therapist_id).update(
        expires_on=series.appointments.get(step="th7").starts_at.date() - timedelta(days=1)
    )
    assert rules() == {"credential_is_valid"}


def test_a_licence_that_expires_on_the_day_of_the_last_visit_is_enough(series):
    Credential.objects.filter(staff=series.therapist_id).update(
        expires_on=series.appointments.get(step="th7").starts_at.date()
    )
    assert rules() == set()


def test_a_therapist_off_that_day_is_found(series):
    off(series.therapist, days_after(D0, 1))
    assert rules() == {"staff_is_on_duty"}


def test_a_therapist_on_a_break_is_found(series):
    WeeklyHours.objects.filter(staff=series.therapist_id).update(
        break_starts="09:30", break_ends="10:00"
    )
    assert rules() == {"staff_is_on_duty"}


def test_hours_that_ended_last_month_are_found(series):
    WeeklyHours.objects.filter(staff=series.therapist_id).update(effective_to=MONDAY)
    assert rules() == {"staff_is_on_duty"}


def test_extra_hours_count_even_where_the_week_has_a_break(series):
    WeeklyHours.objects.filter(staff=series.therapist_id).update(
        break_starts="09:30", break_ends="10:00"
    )
    for visit in series.appointments.filter(step__startswith="th"):
        AvailabilityException.objects.create(
            staff=series.therapist, site=series.site, working=True, date=visit.starts_at.date(),
            starts="09:00", ends="11:00",
        )  # fmt: skip
    assert rules() == set()


def test_nobody_with_life_support_on_site_is_found(series):
    Credential.objects.filter(kind="acls").delete()
    assert rules() == {"presence_is_kept"}


def test_a_closed_day_is_found(series):
    day = series.appointments.get(step="th5").starts_at.date()
    Closure.objects.create(site=series.site, first=day, last=day, reason="Stocktaking")
    assert rules() == {"site_is_open"}


def test_a_public_holiday_is_found_once_the_site_keeps_them(series):
    """Therapy 3 is on Christmas Day, therapy 4 on New Year's."""
    series.site.keeps_public_holidays = True
    series.site.save()
    found = [(v.rule, v.appointment) for v in audit.violations(now=NOW)]
    steps = [series.appointments.get(step=step).pk for step in ("th3", "th4")]
    assert found == [("site_is_open", pk) for pk in steps]


def test_shorter_opening_hours_are_found(series):
    OpeningHours.objects.update(closes="09:30")
    assert rules() == {"site_is_open"}


def test_an_infusion_a_week_too_late_is_found(series):
    shift(series.appointments.get(step="th7"), 7 * 1440)
    assert rules() == {"window_is_kept"}


def test_windows_are_those_of_the_version_the_series_runs_on(series):
    version = series.protocol_version
    steps = version.definition["steps"]
    next(step for step in steps if step["key"] == "inf2")["gaps"][0]["days"] = [1, 2]
    ProtocolVersion.objects.create(
        protocol=version.protocol, version=2, name="Edited", definition=version.definition,
        created_at=NOW,
    )  # fmt: skip
    assert rules() == set()


def test_a_visit_on_another_version_than_its_series_is_found(series):
    other = ProtocolVersion.objects.create(
        protocol=series.protocol_version.protocol, version=2, name="Second", created_at=NOW,
        definition=series.protocol_version.definition,
    )  # fmt: skip
    series.appointments.filter(step="th6").update(protocol_version=other)
    assert rules() == {"series_keeps_its_version"}


def test_a_weekday_that_the_step_excludes_is_found(series):
    version = series.protocol_version
    version.definition["steps"][2]["weekdays"] = ["mon"]
    version.save()
    assert rules() == {"weekday_is_allowed"}


def test_two_visits_of_a_series_on_one_day_are_found(series):
    version = series.protocol_version
    for step in version.definition["steps"]:
        step["gaps"] = []
    version.save()
    shift(series.appointments.get(step="th2"), -1440 + 4 * 60)
    assert rules() == {"one_visit_a_day"}


def test_a_step_booked_twice_is_found(series):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_live_visit_a_step")
    series.appointments.filter(step="th7").update(step="th6")
    assert "step_is_there_once" in rules()


def test_a_patient_not_claimed_is_found(series):
    claims(series.appointments.get(step="th1"), "patient").delete()
    assert rules() == {"patient_is_claimed"}


def test_a_claim_left_over_from_a_cancelled_visit_is_found(series):
    series.appointments.filter(step="th7").update(status="cancelled")
    assert rules() == {"claim_has_an_owner"}


def test_a_hold_past_its_time_is_found(series):
    pia, mine = patient("Mo"), kare_times(clock="14:00")
    proposal = token(pia, series.protocol_version, series.site, mine)
    hold = hold_proposal(token=proposal, actor=DESK, now=NOW)
    assert rules() == set()
    assert rules(now=hold.expires_at + timedelta(minutes=30)) == {"hold_is_not_over"}


def test_a_hold_that_holds_nothing_is_found(series):
    Hold.objects.create(
        offer="x", patient=series.patient, site=series.site, held_by="Dora",
        protocol_version=series.protocol_version, expires_at=NOW + timedelta(minutes=10),
    )  # fmt: skip
    assert rules() == {"hold_is_not_over"}


def test_claims_that_differ_from_the_timestamps_are_found(series):
    claims(series.appointments.get(step="inf1"), "room").update(start_minute=F("start_minute") + 3)
    assert rules() == {"claims_match_the_visit", "room_is_claimed"}


def test_times_between_minutes_are_found(series):
    series.appointments.filter(step="th1").update(starts_at=F("starts_at") + timedelta(seconds=20))
    assert rules() == {"claims_match_the_visit"}


def test_phases_other_than_the_protocols_are_found(series):
    AppointmentPhase.objects.filter(appointment__step="inf1", name="recover").update(name="rest")
    assert rules() == {"phases_match_the_protocol"}


def test_a_person_held_in_a_phase_without_need_is_found(series):
    inf1 = series.appointments.get(step="inf1")
    spare = nurse("Nia", series.site)
    first = claims(inf1, "patient").get()
    copied(first, resource_id=spare.pk, role="monitoring_nurse", end_minute=first.start_minute + 10)
    assert rules() == {"staff_is_needed"}


def test_a_person_at_two_sites_without_time_to_travel_is_found(series):
    annex = site("Annex")
    room("Therapy C", annex, capabilities=["therapy"])
    Travel.objects.create(site=annex, other=series.site, minutes=45)
    ana = series.therapist
    ana.sites.add(annex)
    for hours in list(WeeklyHours.objects.filter(staff=ana)):
        copied(hours, site=annex)
    mo = patient("Mo")
    th1 = series.appointments.get(step="th1")
    other = Appointment.objects.create(
        patient=mo, site=annex, protocol_version=series.protocol_version, step="th1",
        starts_at=th1.ends_at + timedelta(minutes=30), ends_at=th1.ends_at + timedelta(minutes=120),
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    AppointmentPhase.objects.create(
        appointment=other, position=0, name="therapy", starts_at=other.starts_at,
        ends_at=other.ends_at,
    )  # fmt: skip
    resource = {"room": Room.objects.get(name="Therapy C").pk, "patient": mo.pk}
    for claim in Claim.objects.filter(appointment=th1):
        held = resource.get(claim.role, claim.resource_id)
        copied(
            claim, appointment=other, resource_id=held,
            start_minute=claim.start_minute + 120, end_minute=claim.end_minute + 120,
        )  # fmt: skip
    assert rules() == {"travel_is_kept"}
    Travel.objects.update(minutes=30)
    assert rules() == set()


def test_what_somebody_set_aside_in_the_journal_is_a_warning(series):
    th7 = series.appointments.get(step="th7")
    shift(th7, 7 * 1440)
    Journal.objects.create(
        at=NOW, actor="Mara", door="desk", action="override", subject=f"appointment:{th7.pk}",
        after={"rules": ["window_is_kept"], "reason": "The patient travels"},
    )  # fmt: skip
    assert [(v.rule, v.severity) for v in audit.violations(now=NOW)] == [
        ("window_is_kept", "warning")
    ]


def test_an_override_of_one_rule_does_not_cover_another(series):
    th7 = series.appointments.get(step="th7")
    off(series.therapist, th7.starts_at.date())
    Journal.objects.create(
        at=NOW, actor="Mara", door="desk", action="override", subject=f"appointment:{th7.pk}",
        after={"rules": ["window_is_kept"]},
    )  # fmt: skip
    assert rules() == {"staff_is_on_duty"}


def test_an_uncovered_visit_is_a_warning(series):
    inf1 = series.appointments.get(step="inf1")
    claims(inf1, "monitoring_nurse").delete()
    series.appointments.filter(pk=inf1.pk).update(status="uncovered")
    assert [(v.rule, v.severity) for v in audit.violations(now=NOW)] == [("uncovered", "warning")]


def test_a_visit_to_rebook_is_a_warning_and_may_hold_nothing(series):
    series.appointments.filter(step="th7").update(status="to_rebook")
    assert rules() == {"claim_has_an_owner"}
    Claim.objects.filter(appointment__step="th7").delete()
    assert [(v.rule, v.severity) for v in audit.violations(now=NOW)] == [("to_rebook", "warning")]


def test_what_changes_after_a_visit_is_over_does_not_matter_to_it(series):
    off(series.therapist, days_after(D0, -2))
    later = series.appointments.get(step="th1").ends_at
    assert rules(now=later) == set()


def test_a_violation_elsewhere_is_not_told_of_a_site_that_is_clean(series):
    other = site("Annex")
    off(series.therapist, days_after(D0, 1))
    assert rules(sites=[other]) == set()
    assert rules(sites=[series.site]) == {"staff_is_on_duty"}


def test_a_window_is_judged_against_visits_beyond_the_days_asked_for(series):
    th7 = series.appointments.get(step="th7")
    shift(th7, 7 * 1440)
    th7.refresh_from_db()
    assert rules(start=th7.starts_at, end=th7.ends_at) == {"window_is_kept"}
    assert rules(end=at(MONDAY, "23:59")) == set()


def test_a_message_names_no_patient(series):
    claims(series.appointments.get(step="th1"), "patient").delete()
    [violation] = audit.violations(now=NOW)
    assert "Pia" not in str(violation)
    assert Series.objects.get().patient.given_name == "Pia"
