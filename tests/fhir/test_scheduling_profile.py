"""IHE ITI Scheduling 1.0.0: $find, $hold and $book by the tables of its operation definitions."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from django.conf import settings
from django.http import HttpResponse

from clinic.models import Patient, Room, Site, Staff
from scheduling.audit import violations
from scheduling.models import Appointment, Claim, Hold, ProtocolVersion, Series
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, site, token
from tests.fhir.callers import (
    Integrator,
    Resource,
    a_date,
    a_reference,
    a_resource,
    a_text,
    ids,
    integrator,
    matches,
    must_be_valid,
    resources_in,
)

pytestmark = pytest.mark.django_db

# name | least | most | type, as in OperationDefinition appointment-find, -hold and -book
FIND = """
start               | 1 | 1 | dateTime
end                 | 1 | 1 | dateTime
specialty           | 0 | * | string
visit-type          | 0 | * | string
practitioner        | 0 | * | Reference
organization        | 0 | * | Reference
location-string     | 0 | * | string
location-reference  | 0 | * | Reference
patient-reference   | 0 | * | Reference
patient-resource    | 0 | * | Patient
reason              | 0 | * | string
referral-identifier | 0 | 1 | Identifier
timing              | 0 | 1 | Timing
insurance-reference | 0 | * | Reference
"""
HOLD = "appointment-reference | 1 | 1 | Reference"
BOOK = """
appointment-reference | 0 | 1 | Reference
appointment-resource  | 0 | 1 | Appointment
patient-resource      | 0 | * | Patient
comment               | 0 | 1 | string
"""
ROWS = [
    (operation, *(cell.strip() for cell in line.split("|")))
    for operation, table in {"find": FIND, "hold": HOLD, "book": BOOK}.items()
    for line in table.strip().splitlines()
]


@pytest.fixture
def clinic() -> Site:
    protocol("aud-kare")
    protocol("maintenance")
    return house()


@pytest.fixture
def pia(clinic) -> Patient:
    return patient("Pia", home_site=clinic)


@pytest.fixture
def records(clinic) -> Integrator:
    return integrator()


def wanted(
    clinic: Site, pia: Patient, what: str = "maintenance/inf1", **more: str
) -> list[Resource]:
    """What a $find for Pia says, with a value for each name of the table."""
    times = {"start": "2026-12-08", "end": "2026-12-18"} | more
    return [
        *(a_date(name, value) for name, value in times.items()),
        a_text("visit-type", f"{settings.PUBLIC_URL}/fhir/CodeSystem/visit-type|{what}"),
        a_reference("patient-reference", f"Patient/{pia.pk}"),
    ]


def example(name: str, kind: str, clinic: Site, pia: Patient) -> Resource:
    """A parameter of the table that makes sense here."""
    value = {
        "start": {"valueDateTime": "2026-12-08T08:00:00-05:00"},
        "end": {"valueDateTime": "2026-12-18T18:00:00-05:00"},
        "specialty": {"valueString": "http://snomed.info/sct|394587001"},
        "visit-type": {"valueString": "maintenance/inf1"},
        "practitioner": {
            "valueReference": {
                "reference": f"Practitioner/{Staff.objects.get(given_name='Ines').pk}"
            }
        },
        "organization": {
            "valueReference": {
                "identifier": {
                    "system": f"{settings.PUBLIC_URL}/fhir/sid/site",
                    "value": str(clinic.pk),
                }
            }
        },
        "location-string": {"valueString": "juniper"},
        "location-reference": {"valueReference": {"reference": f"Location/site-{clinic.pk}"}},
        "patient-reference": {"valueReference": {"reference": f"Patient/{pia.pk}"}},
        "patient-resource": {
            "resource": {
                "resourceType": "Patient",
                "identifier": [{"system": f"{settings.PUBLIC_URL}/fhir/sid/mrn", "value": pia.mrn}],
            }
        },
        "reason": {"valueString": "http://snomed.info/sct|35489007"},
        "referral-identifier": {"valueIdentifier": {"system": "urn:oid:1.2.3", "value": "R-1"}},
        "timing": {"valueTiming": {"repeat": {"dayOfWeek": ["thu"]}}},
        "insurance-reference": {"valueReference": {"reference": "InsurancePlan/1"}},
        "comment": {"valueString": "by telephone"},
    }[name]
    return {"name": name, **value}


@pytest.mark.parametrize(("operation", "name", "least", "most", "kind"), ROWS)
def test_each_parameter_is_taken_as_often_as_the_table_says(
    records, clinic, pia, operation, name, least, most, kind
):
    """One that is needed is missed; one that may come once is refused twice, and told by name."""
    if int(least):
        others = [one for one in wanted(clinic, pia) if one["name"] != name]
        answer = records.operate(operation, *(others if operation == "find" else []))
        assert answer.status_code == 400
        assert name in str(answer.json())
    if most == "1" and kind in ("dateTime", "string", "Timing", "Identifier"):
        twice = [example(name, kind, clinic, pia)] * 2
        others = [one for one in wanted(clinic, pia) if one["name"] != name]
        answer = records.operate(operation, *others, *twice)
        assert answer.status_code == 400
        assert name in str(answer.json())


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] == "find"], ids=lambda row: row[1])
def test_find_takes_each_parameter_of_the_table(records, clinic, pia, row):
    """None of them keeps a time from being found; one that is not used is told of."""
    _, name, _, _, kind = row
    instead = {"patient-resource": "patient-reference"}.get(name, name)
    others = [one for one in wanted(clinic, pia) if one["name"] != instead]
    answer = records.operate("find", *others, example(name, kind, clinic, pia))
    found = matches(answer)
    assert found
    assert all(one["status"] == "proposed" for one in found)
    outcomes = str(resources_in(answer.json(), "outcome"))
    unused = ("specialty", "reason", "referral-identifier", "insurance-reference")
    assert (name in outcomes) is (name in unused)


@pytest.mark.parametrize("row", [row for row in ROWS if row[4] != "dateTime"], ids=str)
def test_a_parameter_of_another_type_is_refused_by_name(records, clinic, pia, row):
    operation, name, *_ = row
    others = [one for one in wanted(clinic, pia) if one["name"] != name]
    answer = records.operate(
        operation, *(others if operation == "find" else []), {"name": name, "valueBoolean": True}
    )
    assert answer.status_code == 400
    assert name in str(answer.json())


# $find


def test_find_proposes_single_visits_that_do_not_crowd(records, clinic, pia):
    bundle = records.operate("find", *wanted(clinic, pia))
    found = matches(bundle)
    assert bundle.json()["total"] == len(found) == 5
    starts = [datetime.fromisoformat(one["start"]) for one in found]
    assert all((b - a).total_seconds() >= 3600 for a, b in pairwise(starts))
    for one in found:
        must_be_valid(one)
        assert one["requestedPeriod"] == [
            {"start": "2026-12-08T00:00:00-05:00", "end": "2026-12-19T00:00:00-05:00"}
        ]
        actors = {part["actor"]["reference"].partition("/")[0] for part in one["participant"]}
        assert actors >= {"Patient", "Location"}
    assert len({one["identifier"][0]["value"] for one in found}) == 5
    assert not Claim.objects.exists()


def test_find_proposes_a_series_as_linked_appointments(records, clinic, pia):
    bundle = records.operate("find", *wanted(clinic, pia, "aud-kare"))
    found = matches(bundle)
    by_proposal: dict[str, list[Resource]] = {}
    for one in found:
        by_proposal.setdefault(one["identifier"][0]["value"], []).append(one)
    assert [len(visits) for visits in by_proposal.values()] == [11, 11, 11]
    assert "after the end that was asked for" in str(resources_in(bundle.json(), "outcome"))


def test_count_limits_the_proposals(records, clinic, pia):
    two = {"name": "_count", "valueInteger": 2}
    assert len(matches(records.operate("find", *wanted(clinic, pia), two))) == 2
    series = matches(records.operate("find", *wanted(clinic, pia, "aud-kare"), two))
    assert len({one["identifier"][0]["value"] for one in series}) == 2


def test_find_by_get_says_the_same(records, clinic, pia):
    query = {
        "start": "2026-12-08",
        "end": "2026-12-18",
        "visit-type": "maintenance/inf1",
        "patient-reference": f"Patient/{pia.pk}",
        "_count": 3,
    }
    by_get = records.get("Appointment/$find", **query)
    by_post = records.operate("find", *wanted(clinic, pia))
    assert [one["start"] for one in matches(by_get)] == [
        one["start"] for one in matches(by_post)[:3]
    ]


def test_find_keeps_to_the_times_that_are_preferred(records, clinic, pia):
    thursdays = {
        "name": "timing",
        "valueTiming": {"repeat": {"dayOfWeek": ["thu"], "when": ["AFT"]}},
    }
    found = matches(records.operate("find", *wanted(clinic, pia), thursdays))
    starts = [datetime.fromisoformat(one["start"]) for one in found]
    assert found
    assert {(at.weekday(), at.hour >= 12) for at in starts} == {(3, True)}


def test_find_keeps_to_the_room_and_the_person_that_are_wished_for(records, clinic, pia):
    bay, theo = Room.objects.get(name="Bay"), Staff.objects.get(given_name="Theo")
    found = matches(
        records.operate(
            "find",
            *wanted(clinic, pia),
            a_reference("location-reference", f"Location/room-{bay.pk}"),
        )
    )
    assert all(f"Location/room-{bay.pk}" in str(one) for one in found)
    found = matches(
        records.operate(
            "find",
            *wanted(clinic, pia, "aud-kare/th1"),
            a_reference("practitioner", f"Practitioner/{theo.pk}"),
        )
    )
    assert found
    assert all(f"Practitioner/{theo.pk}" in str(one) for one in found)


def test_find_says_what_it_lacks(records, clinic, pia):
    """Without a visit-type or a patient nothing can be planned, though both are optional."""
    bundle = records.operate("find", a_date("start", "2026-12-08"), a_date("end", "2026-12-09"))
    assert (bundle.status_code, bundle.json()["total"]) == (200, 0)
    said = str(resources_in(bundle.json(), "outcome"))
    assert "visit-type" in said
    assert "aud-kare" in said
    assert "patient-reference" in said


def test_find_says_why_nothing_fits(records, clinic, pia):
    Room.objects.update(capabilities=["therapy"])
    bundle = records.operate("find", *wanted(clinic, pia, "aud-kare"))
    assert bundle.json()["total"] == 0
    assert "room" in str(resources_in(bundle.json(), "outcome")).lower()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (a_text("visit-type", "no-such-thing"), 422),
        (a_text("visit-type", "maintenance/inf9"), 422),
        (a_reference("patient-reference", "Patient/999"), 422),
        (a_reference("patient-reference", "not a reference"), 400),
        (a_date("end", "2026-12-01"), 400),
        (a_date("start", "someday"), 400),
        ({"name": "location-reference", "valueReference": {"reference": "Location/site-99"}}, 422),
        ({"name": "practitioner", "valueReference": {"reference": "Practitioner/99"}}, 422),
        ({"name": "organization", "valueReference": {"reference": "Organization/9"}}, 422),
        ({"name": "location-string", "valueString": "nowhere"}, 422),
        ({"name": "_count", "valueString": "many"}, 400),
    ],
    ids=str,
)
def test_find_refuses_what_makes_no_sense(records, clinic, pia, wrong, status):
    others = [one for one in wanted(clinic, pia) if one["name"] != wrong["name"]]
    assert records.operate("find", *others, wrong).status_code == status


def test_a_missing_step_is_found_in_its_window_and_booked_into_its_series(records, clinic, pia):
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    series = book_series(token=token(pia, version, clinic, kare_times()), actor=DESK, now=NOW)
    gone = series.appointments.get(step="th2")
    cancel_visit(appointment=gone.pk, reason="ill", actor=DESK, now=NOW)
    asked = wanted(clinic, pia, "aud-kare/th2", start="2026-12-08", end="2027-01-30")
    found = matches(records.operate("find", *asked))
    assert {one["start"][:10] for one in found} <= {"2026-12-18", "2026-12-19"}
    therapist = f"Practitioner/{series.therapist_id}"
    assert all(therapist in str(one) for one in found)
    booked = matches(book(records, found[0]["id"]))
    assert booked[0]["identifier"][1]["value"] == str(series.pk)
    assert Series.objects.count() == 1


# $hold and $book


def find(
    records: Integrator, clinic: Site, pia: Patient, what: str = "maintenance/inf1"
) -> list[Resource]:
    return matches(records.operate("find", *wanted(clinic, pia, what)))


def hold(records: Integrator, id: str) -> HttpResponse:
    return records.operate("hold", a_reference("appointment-reference", f"Appointment/{id}"))


def book(records: Integrator, id: str, *more: Resource, **headers: str) -> HttpResponse:
    named = a_reference("appointment-reference", f"Appointment/{id}")
    return records.operate("book", named, *more, **headers)


@pytest.mark.parametrize("what", ["maintenance/inf1", "maintenance", "aud-kare"])
def test_what_is_found_is_held_and_booked_as_it_was_shown(records, clinic, pia, what):
    proposed = find(records, clinic, pia, what)
    key = proposed[0]["identifier"][0]["value"]
    first = [one for one in proposed if one["identifier"][0]["value"] == key]

    held = matches(hold(records, first[0]["id"]))
    assert [one["status"] for one in held] == ["pending"] * len(first)
    assert [one["id"] for one in held] == [one["id"] for one in first]
    assert Hold.objects.count() == 1
    assert records.get(f"Appointment/{first[0]['id']}").json()["status"] == "pending"

    booked = matches(book(records, first[-1]["id"]))
    assert [one["status"] for one in booked] == ["booked"] * len(first)
    assert [(one["start"], one["end"]) for one in booked] == [
        (one["start"], one["end"]) for one in first
    ]
    assert not Hold.objects.exists()
    assert violations() == []
    if len(booked) > 1:
        series = {one["identifier"][1]["value"] for one in booked}
        assert len(series) == 1
        system = f"{settings.PUBLIC_URL}/fhir/sid/series"
        linked = records.get("Appointment", identifier=f"{system}|{series.pop()}")
        assert sorted(ids(linked)) == sorted(one["id"] for one in booked)


def test_a_proposal_is_named_by_its_identifier_or_address_or_sent_back_whole(records, clinic, pia):
    """Reference.identifier, an absolute address, and appointment-resource are all the proposal."""
    one = find(records, clinic, pia)[0]
    by_identifier = {"valueReference": {"identifier": one["identifier"][0]}}
    named = {"name": "appointment-reference", **by_identifier}
    assert records.operate("hold", named).status_code == 200
    address = f"http://testserver/fhir/R4/Appointment/{one['id']}"
    assert records.operate("hold", a_reference("appointment-reference", address)).status_code == 200
    whole = one | {"status": "pending"}
    assert matches(records.operate("book", a_resource("appointment-resource", whole)))


def test_a_held_place_is_let_go_by_cancelling_the_proposal(records, clinic, pia):
    one = find(records, clinic, pia)[0]
    hold(records, one["id"])
    gone = a_resource("appointment-resource", one | {"status": "cancelled"})
    assert matches(records.operate("book", gone))[0]["status"] == "cancelled"
    assert not Hold.objects.exists()
    assert records.get(f"Appointment/{one['id']}").json()["status"] == "proposed"


def test_a_visit_is_booked_from_a_resource_that_says_all(records, clinic, pia):
    resource = {
        "resourceType": "Appointment",
        "status": "pending",
        "serviceType": [
            {
                "coding": [
                    {
                        "system": f"{settings.PUBLIC_URL}/fhir/CodeSystem/visit-type",
                        "code": "maintenance/inf1",
                    }
                ]
            }
        ],
        "start": "2026-12-08T15:30:00Z",
        "end": "2026-12-08T17:50:00Z",
        "participant": [
            {"actor": {"reference": f"Patient/{pia.pk}"}, "status": "accepted"},
            {"actor": {"reference": f"Location/site-{clinic.pk}"}, "status": "accepted"},
        ],
    }
    [booked] = matches(records.operate("book", a_resource("appointment-resource", resource)))
    assert booked["start"] == "2026-12-08T10:30:00-05:00"
    again = records.operate("book", a_resource("appointment-resource", resource))
    assert again.status_code == 409
    early = resource | {"start": "2026-12-08T04:00:00Z", "end": "2026-12-08T06:00:00Z"}
    refused = records.operate("book", a_resource("appointment-resource", early))
    assert refused.status_code == 422


def test_a_place_that_was_taken_is_409_with_rules_resources_and_what_works(records, clinic, pia):
    one = find(records, clinic, pia)[0]
    other = patient("Per", home_site=clinic)
    theirs = next(o for o in find(records, clinic, other) if o["start"] == one["start"])
    Room.objects.filter(name__in=["Room 2", "Bay"]).update(active=False)
    assert matches(book(records, theirs["id"]))
    for answer in (hold(records, one["id"]), book(records, one["id"])):
        assert answer.status_code == 409
        first, *_, last = answer.json()["issue"]
        assert first["code"] == "conflict"
        assert first["details"]["coding"][0]["code"] in ("room_is_free", "claim_is_alone")
        assert "Room 1" in first["diagnostics"]
        assert last["severity"] == "information"
        assert "would do" in last["details"]["text"]
    assert Appointment.objects.count() == 1


def test_another_patient_that_is_sent_along_is_refused(records, clinic, pia):
    one = find(records, clinic, pia)[0]
    per = patient("Per", home_site=clinic)
    other = a_resource("patient-resource", {"resourceType": "Patient", "id": str(per.pk)})
    assert book(records, one["id"], other).status_code == 422
    mine = a_resource("patient-resource", {"resourceType": "Patient", "id": str(pia.pk)})
    assert matches(book(records, one["id"], mine))


def test_a_twin_of_a_booking_gets_the_same_answer(records, clinic, pia):
    one = find(records, clinic, pia)[0]
    first = book(records, one["id"], Idempotency_Key="k-1")
    again = book(records, one["id"], Idempotency_Key="k-1")
    assert (again.status_code, again.json()) == (200, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert book(records, one["id"]).status_code == 409
    assert Appointment.objects.count() == 1


def test_a_visit_is_changed_and_cancelled_by_book(records, clinic, pia):
    [booked] = matches(book(records, find(records, clinic, pia)[0]["id"]))
    later = booked | {"start": "2026-12-09T10:30:00-05:00", "end": "2026-12-09T12:50:00-05:00"}
    [moved] = matches(records.operate("book", a_resource("appointment-resource", later)))
    assert (moved["start"], moved["status"]) == (later["start"], "booked")
    stale = records.operate("book", a_resource("appointment-resource", later))
    assert stale.status_code == 412
    off = a_resource("appointment-resource", moved | {"status": "cancelled"})
    [gone] = matches(records.operate("book", off, a_text("comment", "She moves away")))
    assert (gone["status"], gone["cancelationReason"]["text"]) == ("cancelled", "She moves away")


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ([], 400),
        ([a_reference("appointment-reference", "Appointment/p-000000000000000000000000-1")], 422),
        ([a_reference("appointment-reference", "Appointment/17")], 422),
        ([a_reference("appointment-reference", "???")], 400),
        ([a_resource("appointment-resource", {"resourceType": "Patient"})], 400),
        ([a_resource("appointment-resource", {"resourceType": "Appointment"})], 400),
    ],
    ids=str,
)
def test_book_refuses_what_makes_no_sense(records, parameters, status):
    assert records.operate("book", *parameters).status_code == status


def test_nothing_is_found_at_a_site_of_others(clinic, pia):
    foreign = integrator("Elm records", sites=[site("Elm")])
    answer = foreign.operate("find", *wanted(clinic, pia))
    assert answer.status_code == 422  # the patient is not theirs
    here = a_reference("location-reference", f"Location/site-{clinic.pk}")
    nobodys = patient("Per")
    assert foreign.operate("find", *wanted(clinic, nobodys), here).status_code == 403
