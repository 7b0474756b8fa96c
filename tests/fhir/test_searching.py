"""Searching: parameters, prefixes, pages, what is included; by GET and by POST _search."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from django.conf import settings

from clinic.models import Patient, Room, Site, Staff
from config.logs import JsonLine
from scheduling.models import Appointment, Series
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from tests.cast import DESK, NOW, house, kare_times, off, patient, protocol, site, token
from tests.fhir.callers import Integrator, ids, integrator, matches, resources_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Site:
    return house()


@pytest.fixture
def series(clinic) -> Series:
    """Pia's eleven visits; the screening is on Tuesday the 8th, the first infusion on the 17th."""
    pia = patient("Pia", phone="+12125550123", email="pia@example.org", home_site=clinic)
    proposal = token(pia, protocol("aud-kare"), clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


@pytest.fixture
def records(series) -> Integrator:
    return integrator()


def steps(answer) -> list[str]:
    return [one["serviceType"][0]["coding"][0]["code"].partition("/")[2] for one in matches(answer)]


# Patient


@pytest.mark.parametrize(
    "query",
    [
        {"name": "pia"},
        {"name": "SAM"},
        {"name": "pia sample"},
        {"family": "Sample", "given": "P"},
        {"family:exact": "Sample"},
        {"name:contains": "ampl"},
        {"birthdate": "1980-02-29"},
        {"birthdate": ["ge1980", "lt1981"]},
        {"phone": "+12125550123"},
        {"phone": "(212) 555-0123"},
        {"telecom": "phone|+12125550123"},
        {"email": "PIA@example.org"},
        {"active": "true"},
        {"_lastUpdated": "ge2026-12-07T00:00:00Z"},
        {"identifier": "T-Pia-1"},
        {"identifier": f"{settings.PUBLIC_URL}/fhir/sid/mrn|T-Pia-1"},
        {"name": "nobody,pia"},
    ],
    ids=json.dumps,
)
def test_a_patient_is_found_by(records, query):
    pia = str(Patient.objects.get().pk)
    assert ids(records.get("Patient", **query)) == [pia]
    assert ids(records.search("Patient", **query)) == [pia]


@pytest.mark.parametrize(
    "query",
    [
        {"name": "ample"},
        {"family:exact": "sample"},
        {"birthdate": "1980-03"},
        {"phone": "+12125550124"},
        {"identifier": "urn:oid:1.2.3|T-Pia-1"},
        {"_lastUpdated": "gt2026-12-08"},
        {"active": "false"},
        {"name": "pia", "birthdate": "1981"},
    ],
    ids=json.dumps,
)
def test_no_patient_is_found_by(records, query):
    assert ids(records.get("Patient", **query)) == []


def test_no_log_line_holds_the_name_that_was_asked_for(records, caplog):
    caplog.set_level(logging.INFO)
    records.get("Patient", name="Pia", birthdate="1980-02-29")
    records.search("Patient", name="Pia")
    lines = [JsonLine().format(record) for record in caplog.records]
    assert any("/fhir/R4/Patient" in line for line in lines)
    assert not any("Pia" in line or "1980" in line for line in lines)


def test_the_links_of_a_search_in_a_body_hold_no_name(records, clinic):
    for name in ("Per", "Pat", "Pim"):
        patient(name, home_site=clinic)
    bundle = records.search("Patient", name="Sample", _count=2).json()
    links = {link["relation"]: link["url"] for link in bundle["link"]}
    assert "Sample" not in json.dumps(links)
    assert len(ids(records.get(links["next"]))) == 2


# Appointment


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"date": "2026-12-08"}, ["screening"]),
        ({"date": "eq2026-12-08T09:00-05:00"}, ["screening"]),
        ({"date": "2026-12-08T14:00:00Z"}, ["screening"]),
        ({"date": "lt2026-12-15"}, ["screening"]),
        ({"date": "le2026-12-15"}, ["screening", "th1"]),
        ({"date": ["ge2026-12-15", "lt2026-12-18"]}, ["th1", "inf1"]),
        ({"date": ["gt2026-12-15", "le2026-12-18"]}, ["inf1", "th2"]),
        ({"date": ["sa2026-12-15", "eb2026-12-18"]}, ["inf1"]),
        ({"date": "2026-12-08,2026-12-17"}, ["screening", "inf1"]),
        ({"date": ["ne2026-12-08", "lt2026-12-16"]}, ["th1"]),
        ({"date": "2027"}, ["th4", "th5", "th6", "th7"]),
        ({"date": "2026-11"}, []),
        ({"service-type": "aud-kare/inf1"}, ["inf1"]),
        ({"service-type": "aud-kare/inf1,aud-kare/inf2"}, ["inf1", "inf2"]),
        ({"service-type": "kap"}, []),
        ({"service-type": "urn:oid:1.2|aud-kare"}, []),
        ({"status": "cancelled"}, ["th7"]),
        ({"status": "cancelled,arrived", "date": "ge2027-01-15"}, ["th7"]),
        ({"status": "fulfilled"}, []),
        ({"patient.identifier": "T-Pia-1", "date": "lt2026-12-15"}, ["screening"]),
        ({"patient.identifier": "urn:oid:1.2.3|T-Pia-1"}, []),
        ({"_lastUpdated": "lt2026-12-07"}, []),
    ],
    ids=json.dumps,
)
def test_visits_are_found_by(records, series, query, found):
    last = series.appointments.get(step="th7")
    cancel_visit(appointment=last.pk, reason="moves away", actor=DESK, now=NOW)
    assert steps(records.get("Appointment", _sort="date", **query)) == found
    assert steps(records.search("Appointment", _sort="date", **query)) == found


def test_visits_are_found_by_who_and_where(records, series, clinic):
    pia, ana = series.patient_id, series.therapist_id
    elsewhere = site("Elm")
    by = {
        11: [
            {"patient": pia},
            {"patient": f"Patient/{pia}"},
            {"patient": f"http://testserver/fhir/R4/Patient/{pia}"},
            {"actor": f"Patient/{pia}"},
            {"actor:Patient": pia},
            {"location": f"Location/site-{clinic.pk}"},
            {"identifier": f"{settings.PUBLIC_URL}/fhir/sid/series|{series.pk}"},
        ],
        7: [
            {"practitioner": ana, "service-type": ",".join(f"aud-kare/th{n}" for n in range(1, 8))},
            {"actor": f"Practitioner/{ana}", "date": "ge2026-12-15"},
        ],
        0: [
            {"patient": ana},
            {"actor:Practitioner": pia},
            {"location": f"site-{elsewhere.pk}"},
            {"location": "Location/nowhere"},
            {"identifier": f"{settings.PUBLIC_URL}/fhir/sid/series|999"},
        ],
    }
    for number, queries in by.items():
        for query in queries:
            assert records.get("Appointment", **query).json()["total"] == number, query
    uid = series.appointments.get(step="inf1").uid
    assert steps(records.get("Appointment", identifier=f"urn:uuid:{uid}")) == ["inf1"]
    room = Room.objects.get(name="Therapy A")
    there = Appointment.objects.filter(claims__resource=room.pk).distinct().count()
    assert records.get("Appointment", location=f"room-{room.pk}").json()["total"] == there > 0


def test_a_page_follows_a_page_and_none_is_told_twice(records, series):
    seen, address = [], "Appointment?_count=4&_sort=date"
    answer = records.get("Appointment", _count=4, _sort="date")
    for _ in range(5):
        assert answer.json()["total"] == 11
        seen += steps(answer)
        links = {link["relation"]: link["url"] for link in answer.json()["link"]}
        if "next" not in links:
            break
        address = links["next"]
        answer = records.get(address)
    assert seen == list(series.appointments.order_by("starts_at").values_list("step", flat=True))
    back = {link["relation"]: link["url"] for link in answer.json()["link"]}["previous"]
    assert steps(records.get(back)) == seen[4:8]


def test_only_the_number_is_told_where_that_is_asked_for(records):
    for query in ({"_summary": "count"}, {"_count": 0}):
        bundle = records.get("Appointment", **query).json()
        assert (bundle["total"], "entry" in bundle) == (11, False)


def test_only_some_elements_are_told_where_that_is_asked_for(records):
    [one, *_] = matches(records.get("Appointment", _elements="start,end"))
    assert set(one) == {"resourceType", "id", "meta", "status", "start", "end", "participant"}
    assert one["meta"]["tag"][0]["code"] == "SUBSETTED"


@pytest.mark.parametrize(
    ("kind", "include", "types"),
    [
        ("Appointment", "Appointment:patient", {"Patient"}),
        ("Appointment", "Appointment:practitioner", {"Practitioner"}),
        ("Appointment", "Appointment:location", {"Location"}),
        ("Appointment", "Appointment:actor", {"Patient", "Practitioner", "Location"}),
        ("Appointment", "Appointment:actor:Location", {"Location"}),
        ("PractitionerRole", "PractitionerRole:practitioner", {"Practitioner"}),
        ("PractitionerRole", "PractitionerRole:location", {"Location"}),
        ("Schedule", "Schedule:actor", {"Location", "Practitioner", "PractitionerRole"}),
        ("Slot", "Slot:schedule", {"Schedule"}),
        ("Location", "Location:partof", set()),
        ("HealthcareService", "HealthcareService:location", {"Location"}),
        ("AppointmentResponse", "AppointmentResponse:appointment", {"Appointment"}),
    ],
)
def test_what_is_referred_to_comes_along(records, kind, include, types):
    bundle = records.get(kind, _include=include, _count=200).json()
    included = resources_in(bundle, "include")
    assert {one["resourceType"] for one in included} == types
    named = [(one["resourceType"], one["id"]) for one in resources_in(bundle)]
    assert len(named) == len(set(named))
    assert bundle["total"] == len(resources_in(bundle, "match"))


def test_a_room_brings_its_site_along(records, clinic):
    bundle = records.get("Location", name="Bay", _include="Location:partof").json()
    assert [one["id"] for one in resources_in(bundle, "include")] == [f"site-{clinic.pk}"]


def test_nobody_is_included_whom_the_client_may_not_read(series):
    blind = integrator(scopes=["appointments:read"])
    bundle = blind.get("Appointment", _include="Appointment:actor").json()
    assert resources_in(bundle, "include") == []
    assert "Pia" not in json.dumps(bundle)


# People and places


def test_staff_and_places_are_found_by_their_own_parameters(records, clinic):
    ana = Staff.objects.get(given_name="Ana")
    bay = Room.objects.get(name="Bay")
    expected = {
        "Practitioner": {
            "name=an": [str(ana.pk)],
            "family=Example&given=Ana": [str(ana.pk)],
            "active=false": [],
            "_id=999": [],
        },
        "PractitionerRole": {
            f"practitioner={ana.pk}": [f"{ana.pk}-{clinic.pk}"],
            f"practitioner=Practitioner/{ana.pk}&role=therapist": [f"{ana.pk}-{clinic.pk}"],
            f"practitioner={ana.pk}&role=prescriber": [],
            f"location=Location/site-{clinic.pk}&practitioner={ana.pk}": [f"{ana.pk}-{clinic.pk}"],
            "specialty=kap&practitioner.name=ana": [f"{ana.pk}-{clinic.pk}"],
        },
        "Location": {
            "name=bay": [f"room-{bay.pk}"],
            "name=juniper": [f"site-{clinic.pk}"],
            f"partof=site-{clinic.pk}&name=bay": [f"room-{bay.pk}"],
            "status=inactive": [],
        },
        "HealthcareService": {
            "service-type=aud-kare/inf2": [matches(records.get("HealthcareService"))[0]["id"]],
            "service-type=kap": [],
            "name=aud": [matches(records.get("HealthcareService"))[0]["id"]],
            "location=site-999": [],
        },
        "Schedule": {
            f"actor=Location/room-{bay.pk}": [f"room-{bay.pk}"],
            f"actor=Practitioner/{ana.pk}": [f"staff-{ana.pk}-{clinic.pk}"],
            f"actor=PractitionerRole/{ana.pk}-{clinic.pk}": [f"staff-{ana.pk}-{clinic.pk}"],
            f"_id=room-{bay.pk}": [f"room-{bay.pk}"],
        },
    }
    for kind, searches in expected.items():
        for search, found in searches.items():
            query = dict(part.split("=", 1) for part in search.split("&"))
            assert ids(records.get(kind, **query)) == found, f"{kind}?{search}"


# Slots


def free(records: Integrator, **query) -> list[str]:
    return [
        f"{one['start'][5:16]}-{one['end'][11:16]}" for one in matches(records.get("Slot", **query))
    ]


def test_slots_are_what_the_planner_reads_as_free(records, series):
    """On the day of the screening Therapy A is taken from 09:00 to 10:30 and turned over."""
    screening = series.appointments.get(step="screening")
    room = screening.claims.get(role="room").resource_id
    day = {"start": "2026-12-08", "schedule": f"Schedule/room-{room}"}
    assert free(records, **day) == ["12-08T08:00-09:00", "12-08T10:40-18:00"]
    off(Room.objects.get(pk=room), NOW.date() + timedelta(days=1), "12:00", "13:00")
    assert free(records, **day) == [
        "12-08T08:00-09:00",
        "12-08T10:40-12:00",
        "12-08T13:00-18:00",
    ]


def test_a_clinician_is_free_between_visits_and_each_chair_is_a_slot_of_its_own(records, clinic):
    priya = Staff.objects.get(given_name="Priya")
    of_priya = {"start": "2026-12-08", "schedule": f"staff-{priya.pk}-{clinic.pk}"}
    assert free(records, **of_priya) == ["12-08T08:00-09:00", "12-08T10:30-18:00"]
    bay = Room.objects.get(name="Bay")
    slots = matches(
        records.get("Slot", start="2026-12-09", **{"schedule.actor": f"Location/room-{bay.pk}"})
    )
    assert [slot["comment"] for slot in slots] == ["Chair 1 of 2", "Chair 2 of 2"]


def test_slots_are_of_seven_days_unless_more_is_asked_for(records, clinic):
    bay = f"room-{Room.objects.get(name='Bay').pk}"
    days = {slot[:5] for slot in free(records, schedule=bay, _count=200)}
    assert days == {"12-07", "12-08", "12-09", "12-10", "12-11"}
    month = {"schedule": bay, "start": ["ge2026-12-07", "lt2027-01-07"], "_count": 200}
    assert len({slot[:5] for slot in free(records, **month)}) == 23
    too_long = records.get("Slot", start=["ge2026-12-07", "lt2027-02-07"])
    assert too_long.status_code == 400
    assert "31 days" in too_long.json()["issue"][0]["details"]["text"]


def test_a_slot_is_read_by_its_id_while_it_is_free(records, series):
    [slot, *_] = matches(records.get("Slot", start="2026-12-08"))
    assert records.get(f"Slot/{slot['id']}").json() == slot
    room = slot["schedule"]["reference"].removeprefix("Schedule/room-")
    off(Room.objects.get(pk=room), NOW.date() + timedelta(days=1))
    assert records.get(f"Slot/{slot['id']}").status_code == 404


def test_there_is_no_slot_in_the_past_and_none_is_busy(records):
    assert free(records, start="2026-12-01") == []
    assert free(records, start="2026-12-08", status="busy") == []


# AppointmentResponse


def test_every_participant_of_a_booked_visit_has_accepted(records, series):
    visit = series.appointments.get(step="inf1")
    shown = records.get(f"Appointment/{visit.pk}").json()
    actors = {one["actor"]["reference"] for one in shown["participant"]}
    answers = matches(records.get("AppointmentResponse", appointment=f"Appointment/{visit.pk}"))
    sites = {f"Location/site-{series.site_id}"}
    assert {one["actor"]["reference"] for one in answers} == actors - sites
    assert {one["participantStatus"] for one in answers} == {"accepted"}
    mine = records.get("AppointmentResponse", patient=series.patient_id).json()
    assert mine["total"] == 11


def test_who_was_to_come_to_a_visit_that_is_off_has_declined(records, series):
    visit = series.appointments.get(step="th7")
    cancel_visit(appointment=visit.pk, reason="ill", actor=DESK, now=NOW)
    [one] = matches(records.get("AppointmentResponse", appointment=visit.pk))
    assert (one["actor"]["reference"], one["participantStatus"]) == (
        f"Patient/{series.patient_id}",
        "declined",
    )
    assert ids(records.get("AppointmentResponse", **{"part-status": "declined"})) == [one["id"]]


# Lenient and strict


def test_what_is_unknown_is_left_out_unless_the_client_is_strict(records):
    lenient = records.get("Patient", colour="blue", name="Pia")
    assert lenient.json()["total"] == 1
    assert "colour" not in json.dumps(lenient.json()["link"])
    strict = records.get("Patient", {"Prefer": "handling=strict"}, colour="blue")
    assert strict.status_code == 400
    for query in ({"_sort": "colour"}, {"_include": "Patient:colour"}, {"_summary": "text"}):
        assert records.get("Patient", {"Prefer": "handling=strict"}, **query).status_code == 400
        assert records.get("Patient", **query).status_code == 200


def test_a_modifier_that_is_not_supported_is_refused(records):
    assert records.get("Patient", **{"name:above": "x"}).status_code == 400
    assert records.get("Appointment", **{"patient:Practitioner": "1"}).status_code == 400


# Bounded queries

QUERIES = {
    "Patient": 8,
    "Practitioner": 9,
    "PractitionerRole": 8,
    "Location": 7,
    "HealthcareService": 7,
    "Schedule": 13,
    "Slot": 20,
    "Appointment": 13,
    "AppointmentResponse": 13,
}


@pytest.mark.parametrize("kind", QUERIES)
def test_a_search_asks_as_many_questions_of_many_as_of_few(
    records, series, clinic, kind, django_assert_max_num_queries
):
    kare = series.protocol_version
    for number in range(1, 4):
        who = patient(f"P{number}", home_site=clinic)
        times = {step: at + timedelta(hours=2 * number) for step, at in kare_times().items()}
        book_series(token=token(who, kare, clinic, times), actor=DESK, now=NOW)
    includes = {"Appointment": "Appointment:patient", "Schedule": "Schedule:actor"}
    with django_assert_max_num_queries(QUERIES[kind]):
        records.get(kind, _count=3, _include=includes.get(kind, ""))
    with django_assert_max_num_queries(QUERIES[kind]):
        records.get(kind, _count=200, _include=includes.get(kind, ""))
