"""PUT and POST: cancel, move, say where a visit stands; patients; what participants answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse

from clinic.models import Journal, Patient, Room, Site
from scheduling.models import Appointment, Series, Status
from scheduling.services.cancelling import cancel_visit
from scheduling.services.progress import set_status
from tests.cast import DESK, NOW, all_met, at, house, off, patient
from tests.fhir.callers import Integrator, Resource, ids, integrator, matches
from tests.services.test_moving import DAY, booked, the

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def series() -> Series:
    """Pia's; infusions on Tuesdays from 5 January at 09:00."""
    return booked("Pia")


@pytest.fixture
def records(series) -> Integrator:
    return integrator()


def read(records: Integrator, visit: Appointment) -> tuple[Resource, str]:
    """The Appointment and its ETag."""
    answer = records.get(f"Appointment/{visit.pk}")
    assert answer["ETag"] == f'W/"{answer.json()["meta"]["versionId"]}"'
    return answer.json(), answer["ETag"]


def change(records: Integrator, visit: Appointment, **fields: Any) -> HttpResponse:
    shown, version = read(records, visit)
    body = {name: value for name, value in (shown | fields).items() if value is not None}
    return records.put(f"Appointment/{visit.pk}", body, If_Match=version)


def said(answer: HttpResponse) -> str:
    return " ".join(issue["details"]["text"] for issue in answer.json()["issue"])


def rules(answer: HttpResponse) -> list[str]:
    codes = [
        issue["details"].get("coding", [{}])[0].get("code") for issue in answer.json()["issue"]
    ]
    return [code for code in codes if code]


# Versions


def test_a_change_must_say_which_version_it_changes(records, series):
    visit = the(series, "th7")
    shown, version = read(records, visit)
    off = shown | {"status": "cancelled"}
    assert records.put(f"Appointment/{visit.pk}", off).status_code == 428
    for wrong in ('W/"999"', "*", "x", '"-1"', 'W/"0"', '""'):
        assert records.put(f"Appointment/{visit.pk}", off, If_Match=wrong).status_code == 412
    assert the(series, "th7").status == Status.BOOKED
    done = records.put(f"Appointment/{visit.pk}", off, If_Match=version)
    assert (done.status_code, done.json()["status"]) == (200, "cancelled")
    assert done["ETag"] != version


def test_of_two_integrators_who_change_one_appointment_one_is_told(series):
    one, two = integrator("One"), integrator("Two")
    visit = the(series, "th7")
    (mine, version), (theirs, same) = read(one, visit), read(two, visit)
    assert version == same
    moved = mine | {"start": (visit.starts_at + DAY).isoformat(), "end": None}
    moved.pop("end")
    assert one.put(f"Appointment/{visit.pk}", moved, If_Match=version).status_code == 200
    lost = two.put(f"Appointment/{visit.pk}", theirs | {"status": "cancelled"}, If_Match=version)
    assert lost.status_code == 412
    assert "read it again" in said(lost)
    assert the(series, "th7").status == Status.BOOKED


def test_of_many_changes_at_once_one_is_made(series):
    visit = the(series, "th7")
    machines = [integrator(f"No {number}") for number in range(4)]
    shown, version = read(machines[0], visit)
    unended = {name: value for name, value in shown.items() if name != "end"}

    def move(number: int) -> int:
        later = (visit.starts_at + timedelta(hours=number + 1)).isoformat()
        body = unended | {"start": later}
        try:
            answer = machines[number].put(f"Appointment/{visit.pk}", body, If_Match=version)
            return answer.status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as crowd:
        statuses = sorted(crowd.map(move, range(4)))
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 412}
    assert Journal.objects.filter(subject=f"appointment:{visit.pk}").count() == 1


def test_a_change_by_the_desk_is_seen_in_the_version(records, series):
    visit = the(series, "th7")
    shown, version = read(records, visit)
    set_status(appointment=visit.pk, to=Status.CONFIRMED, actor=DESK, now=NOW)
    answer = records.put(
        f"Appointment/{visit.pk}", shown | {"status": "cancelled"}, If_Match=version
    )
    assert answer.status_code == 412


# Cancel


def test_a_cancelled_appointment_frees_its_place_and_keeps_the_reason(records, series):
    visit = the(series, "th7")
    reason = {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",
                "code": "pat",
            }
        ],
        "text": "Has a cold",
    }
    answer = change(records, visit, status="cancelled", cancelationReason=reason)
    assert answer.status_code == 200
    assert answer.json()["cancelationReason"]["text"] == "Has a cold"
    visit.refresh_from_db()
    assert (visit.status, visit.cancel_kind, visit.cancel_reason) == (
        "cancelled",
        "patient",
        "Has a cold",
    )
    assert not visit.claims.exists()
    entry = Journal.objects.get(subject=f"appointment:{visit.pk}")
    assert (entry.actor, entry.door) == ("Records system", "fhir")
    assert change(records, visit, status="cancelled").status_code == 200  # and stays so


# Move


def test_an_appointment_moves_alone_where_its_windows_allow(records, series):
    visit = the(series, "th7")
    later = visit.starts_at + DAY
    answer = change(
        records,
        visit,
        start=later.isoformat(),
        end=(visit.ends_at + DAY).isoformat(),
    )
    assert answer.status_code == 200, said(answer)
    assert the(series, "th7").starts_at == later


def test_later_visits_never_follow_unasked(records, series):
    """A day later the infusion would drag its therapy session along: that is told, not done."""
    before = dict(series.appointments.values_list("step", "starts_at"))
    visit = the(series, "inf2")
    answer = change(records, visit, start=(visit.starts_at + DAY).isoformat(), end=None)
    assert answer.status_code == 422
    assert "later_visits_would_follow" in rules(answer)
    follower = the(series, "th3")
    assert f"Appointment/{follower.pk} to" in said(answer)
    assert dict(series.appointments.values_list("step", "starts_at")) == before


def test_a_move_out_of_its_window_tells_the_nearest_that_would_do(records, series):
    visit = the(series, "inf3")
    answer = change(records, visit, start=(visit.starts_at + 30 * DAY).isoformat(), end=None)
    assert answer.status_code == 422
    assert "would do" in said(answer)


def test_a_move_to_a_place_that_is_taken_is_a_conflict(records, series):
    visit = the(series, "th7")
    day = visit.starts_at.astimezone(series.site.zone).date()
    for room in Room.objects.filter(capabilities__icontains="therapy"):
        off(room, day, "12:00", "15:00")
    answer = change(records, visit, start=at(day, "13:00").isoformat(), end=None)
    assert answer.status_code == 409
    assert "room_is_free" in rules(answer)


# Where a visit stands


def test_a_visit_is_run_through_its_day(records, series, monday_morning):
    visit = the(series, "inf1")
    monday_morning.move_to(visit.starts_at + timedelta(minutes=5))
    now = visit.starts_at + timedelta(minutes=5)
    assert change(records, visit, status="arrived").json()["status"] == "arrived"
    refused = change(records, visit, status="checked-in")
    assert refused.status_code == 422
    assert "gates_are_met" in rules(refused)
    all_met(visit, now=now)
    assert change(records, visit, status="checked-in").json()["status"] == "checked-in"
    early = change(records, visit, status="fulfilled")
    assert early.status_code == 422
    assert "status_is_next" in rules(early)


def test_a_session_is_checked_in_and_fulfilled(records, series, monday_morning):
    visit = the(series, "th2")
    monday_morning.move_to(visit.starts_at + timedelta(minutes=5))
    for status, own in (
        ("arrived", "arrived"),
        ("checked-in", "in_session"),
        ("fulfilled", "discharged"),
    ):
        assert change(records, visit, status=status).json()["status"] == status
        assert the(series, "th2").status == own


def test_who_did_not_come_is_noted(records, series, monday_morning):
    visit = the(series, "th2")
    assert change(records, visit, status="noshow").status_code == 422
    monday_morning.move_to(visit.starts_at + timedelta(hours=1))
    assert change(records, visit, status="noshow").json()["status"] == "noshow"


# Nothing else


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("description", "A chat"),
        ("priority", 1),
        ("serviceType", [{"text": "Massage"}]),
        ("identifier", [{"system": "urn:x", "value": "1"}]),
        ("status", "entered-in-error"),
        ("status", "proposed"),
        ("status", "nonsense"),
        ("end", "2027-02-09T17:00:00-05:00"),
        ("participant", [{"actor": {"reference": "Patient/999"}, "status": "accepted"}]),
    ],
)
def test_anything_else_is_refused_and_what_may_change_is_told(records, series, field, value):
    answer = change(records, the(series, "th7"), **{field: value})
    assert answer.status_code == 422
    assert f"Appointment.{field}" in str(answer.json())
    assert the(series, "th7").status == Status.BOOKED


def test_a_period_of_a_participant_and_two_changes_at_once_are_refused(records, series):
    visit = the(series, "th7")
    shown, _ = read(records, visit)
    others = [dict(one) for one in shown["participant"]]
    others[1] = others[1] | {"status": "declined"}
    assert change(records, visit, participant=others).status_code == 422
    both = change(records, visit, status="cancelled", start="2027-02-10T09:00:00-05:00", end=None)
    assert both.status_code == 422


def test_what_is_sent_back_unchanged_changes_nothing(records, series):
    visit = the(series, "th7")
    shown, version = read(records, visit)
    in_utc = shown | {"start": visit.starts_at.isoformat(), "end": visit.ends_at.isoformat()}
    for body in (shown, in_utc):
        assert records.put(f"Appointment/{visit.pk}", body, If_Match=version)["ETag"] == version
    assert not Journal.objects.filter(subject=f"appointment:{visit.pk}").exists()


def test_an_appointment_that_is_not_there_is_not_made(records, series):
    shown, version = read(records, the(series, "th7"))
    body = shown | {"id": "999"}
    assert records.put("Appointment/999", body, If_Match=version).status_code == 404
    assert records.put("Appointment/998", body, If_Match=version).status_code == 400


# Patients

NINA: Resource = {
    "resourceType": "Patient",
    "name": [{"use": "official", "family": "New", "given": ["Nina", "Rose"]}],
    "birthDate": "1990-01-31",
    "gender": "female",
    "telecom": [
        {"system": "phone", "value": "212 555 0199", "rank": 2},
        {"system": "phone", "value": "(212) 555-0123", "rank": 1},
        {"system": "email", "value": "nina@example.org"},
    ],
}


def with_mrn(mrn: str) -> Resource:
    return NINA | {"identifier": [{"system": f"{settings.PUBLIC_URL}/fhir/sid/mrn", "value": mrn}]}


def test_a_patient_is_added_and_read_back():
    clinic = house()
    records = integrator(sites=[clinic])
    made = records.post("Patient", with_mrn("N-1"))
    assert made.status_code == 201
    nina = Patient.objects.get()
    assert made["Location"] == f"http://testserver/fhir/R4/Patient/{nina.pk}"
    assert (nina.given_name, nina.family_name, nina.mrn) == ("Nina Rose", "New", "N-1")
    assert (nina.phone, nina.email) == ("+12125550123", "nina@example.org")
    assert nina.home_site == clinic
    assert records.get(f"Patient/{nina.pk}").json() == made.json()
    assert ids(records.get("Patient", identifier="N-1")) == [str(nina.pk)]


def test_a_patient_is_not_added_twice():
    house()
    records = integrator()
    records.post("Patient", with_mrn("N-1"))
    twin = records.post("Patient", with_mrn("N-1"))
    assert (twin.status_code, twin.json()["issue"][0]["code"]) == (409, "duplicate")
    known = f"identifier={settings.PUBLIC_URL}/fhir/sid/mrn|N-1"
    same = records.post("Patient", with_mrn("N-1"), If_None_Exist=known)
    assert (same.status_code, same.json()["id"]) == (200, str(Patient.objects.get().pk))
    first = records.post("Patient", NINA, Idempotency_Key="k-1")
    again = records.post("Patient", NINA, Idempotency_Key="k-1")
    assert (first.json(), first["ETag"]) == (again.json(), again["ETag"])
    assert Patient.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"name": []}, 400),
        ({"name": [{"family": "New"}]}, 400),
        ({"birthDate": None}, 400),
        ({"birthDate": "1990"}, 400),
        ({"birthDate": "2990-01-01"}, 400),
        ({"active": False}, 400),
        ({"deceasedBoolean": True}, 400),
        ({"telecom": [{"system": "email", "value": "no address"}]}, 400),
        ({"colour": "blue"}, 400),
        ({"modifierExtension": [{"url": "urn:x", "valueString": "y"}]}, 422),
        (
            {"managingOrganization": {"identifier": {"system": "SITE", "value": "99"}}},
            422,
        ),
        ({"name": [{"family": "x" * 101, "given": ["y"]}]}, 400),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_patient_is_told(wrong, status):
    house()
    body = {name: value for name, value in (NINA | wrong).items() if value is not None}
    if "managingOrganization" in body:
        body["managingOrganization"]["identifier"]["system"] = (
            f"{settings.PUBLIC_URL}/fhir/sid/site"
        )
    assert integrator().post("Patient", body).status_code == status
    assert not Patient.objects.exists()


def test_a_patient_is_corrected_by_who_read_the_newest_version():
    clinic = house()
    pia = patient("Pia", phone="+12125550123", home_site=clinic)
    records = integrator()
    first = records.get(f"Patient/{pia.pk}")
    body = first.json() | {"telecom": [{"system": "email", "value": "pia@example.org"}]}
    assert records.put(f"Patient/{pia.pk}", body).status_code == 428
    done = records.put(f"Patient/{pia.pk}", body, If_Match=first["ETag"])
    assert (done.status_code, done.json()["telecom"]) == (200, body["telecom"])
    lost = records.put(f"Patient/{pia.pk}", first.json(), If_Match=first["ETag"])
    assert lost.status_code == 412
    pia.refresh_from_db()
    assert (pia.phone, pia.email, pia.home_site) == ("", "pia@example.org", clinic)
    assert records.put("Patient/999", body | {"id": "999"}, If_Match='W/"1"').status_code == 404


# AppointmentResponse


def answering(visit: Appointment, actor: str, status: str) -> Resource:
    return {
        "resourceType": "AppointmentResponse",
        "appointment": {"reference": f"Appointment/{visit.pk}"},
        "actor": {"reference": actor},
        "participantStatus": status,
    }


def test_a_patient_confirms_and_declines(records, series):
    visit = the(series, "th7")
    pia = f"Patient/{series.patient_id}"
    confirmed = records.post("AppointmentResponse", answering(visit, pia, "accepted"))
    assert confirmed.status_code == 201
    assert the(series, "th7").status == Status.CONFIRMED
    path = confirmed["Location"].removeprefix("http://testserver/fhir/R4/")
    assert records.get(path).json() == confirmed.json()

    declined = records.post(
        "AppointmentResponse", answering(visit, pia, "declined") | {"comment": "Feels ill"}
    )
    assert declined.json()["participantStatus"] == "declined"
    gone = the(series, "th7")
    assert (gone.status, gone.cancel_kind, gone.cancel_reason) == (
        "cancelled",
        "patient",
        "Feels ill",
    )
    refused = records.post("AppointmentResponse", answering(visit, pia, "accepted"))
    assert refused.status_code == 422


def test_a_practitioner_has_accepted_and_cannot_decline_so(records, series):
    visit = the(series, "th7")
    ana = f"Practitioner/{series.therapist_id}"
    assert records.post("AppointmentResponse", answering(visit, ana, "accepted")).status_code == 201
    declined = records.post("AppointmentResponse", answering(visit, ana, "declined"))
    assert declined.status_code == 422
    assert "absence" in said(declined)
    assert the(series, "th7").status == Status.BOOKED


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"participantStatus": "tentative"}, 422),
        ({"actor": {"reference": "Patient/999"}}, 422),
        ({"appointment": {"reference": "Appointment/999"}}, 422),
        ({"appointment": {"reference": "Patient/1"}}, 422),
        ({"appointment": {"display": "that one"}}, 400),
    ],
    ids=str,
)
def test_an_answer_that_makes_no_sense_is_refused(records, series, change, status):
    whole = answering(the(series, "th7"), f"Patient/{series.patient_id}", "accepted") | change
    assert records.post("AppointmentResponse", whole).status_code == status


def test_a_cancelled_visit_is_not_moved(records, series):
    visit = the(series, "th7")
    cancel_visit(appointment=visit.pk, reason="ill", actor=DESK, now=NOW)
    answer = change(records, visit, start="2027-02-10T09:00:00-05:00", end=None)
    assert answer.status_code == 422
    assert Site.objects.count() == 1
    assert matches(records.get("Appointment", status="cancelled"))
