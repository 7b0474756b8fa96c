"""Whatever is sent, nothing fails here: 500 is never an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.fhir.registry import KINDS
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.fhir.callers import Integrator, integrator

pytestmark = pytest.mark.django_db
FEW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = sorted(
    {name for kind in KINDS.values() for name in kind.parameters}
    | {"_count", "_include", "_summary", "_elements", "_sort", "_page", "_format", "name:exact"}
    | {"patient:Patient", "actor:Location", "_has:x", "", "\x00", "a" * 300}
)
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            ",",
            "|",
            "\\",
            "\\,",
            "a|b|c",
            "\x00",
            "ge",
            "ge2026-13-45",
            "2026-12-08T25:00:00Z",
            "0000-00-00",
            "9999-12-31",
            "2199-12-31",
            "1850",
            "2026-12-08T09:00:00+99:99",
            "-1",
            "99999999999999999999",
            "Patient/",
            "Patient/1/_history/2",
            "http://[::1/Patient/1",
            "urn:uuid:zzz",
            "Location/site-",
            "room-99999999999999999999",
            "staff-1-1",
            "*",
            "Appointment:actor:",
            "١٢",
            "\ud7ff",
            "1" * 5000,
        ]
    ),
)


@pytest.fixture
def records() -> Integrator:
    clinic = house()
    pia = patient("Pia", home_site=clinic)
    protocol("maintenance")
    booked = token(pia, protocol("aud-kare"), clinic, kare_times())
    book_series(token=booked, actor=DESK, now=NOW)
    return integrator()


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(query=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_any_search(records, kind, query):
    assert records.get(kind, **query).status_code in (200, 400, 406)


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(query=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_any_search_in_a_body(records, kind, query):
    assert records.search(kind, **query).status_code in (200, 400, 406)


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(id=st.from_regex(r"[A-Za-z0-9.-]{1,70}", fullmatch=True))
def test_any_id(records, kind, id):
    assert records.get(f"{kind}/{id}").status_code in (200, 404)


@pytest.mark.parametrize(
    "id",
    [
        "staff-1-1.0.1.2",
        "room-1.0.999999999.999999999",
        "room-1.0.29944140.29944141",
        "room-1.999.0.0",
        "room-1.0.500000000.500000100",
        "p-000000000000000000000000-1",
        "1-1",
        "0",
        "-",
        ".",
        "1" * 64,
    ],
)
def test_odd_ids(records, id):
    for kind in KINDS:
        assert records.get(f"{kind}/{id}").status_code in (200, 404)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.text(max_size=10) | st.floats(0, 1),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceType",
                    "id",
                    "status",
                    "start",
                    "end",
                    "participant",
                    "actor",
                    "reference",
                    "identifier",
                    "name",
                    "given",
                    "family",
                    "birthDate",
                    "telecom",
                    "value",
                    "system",
                    "coding",
                    "code",
                    "serviceType",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
ODD_VALUES = st.one_of(
    st.fixed_dictionaries({"valueString": st.text(max_size=20)}),
    st.fixed_dictionaries({"valueDateTime": VALUES}),
    st.fixed_dictionaries({"valueReference": JUNK}),
    st.fixed_dictionaries({"valueReference": st.fixed_dictionaries({"reference": VALUES})}),
    st.fixed_dictionaries({"valueTiming": JUNK}),
    st.fixed_dictionaries({"valueInteger": st.integers()}),
    st.fixed_dictionaries({"resource": JUNK}),
)


@pytest.mark.parametrize("operation", ["find", "hold", "book"])
@FEW
@given(
    parameters=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "start",
                    "end",
                    "visit-type",
                    "patient-reference",
                    "patient-resource",
                    "location-reference",
                    "location-string",
                    "practitioner",
                    "organization",
                    "timing",
                    "_count",
                    "appointment-reference",
                    "appointment-resource",
                    "comment",
                ]
            ),
            ODD_VALUES,
        ),
        max_size=5,
    )
)
def test_any_parameters(records, operation, parameters):
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": name, **value} for name, value in parameters],
    }
    answer = records.post(f"Appointment/${operation}", json.dumps(body))
    assert answer.status_code in (200, 400, 403, 404, 409, 422)


@FEW
@given(
    junk=st.dictionaries(
        st.sampled_from(
            [
                "status",
                "start",
                "end",
                "participant",
                "serviceType",
                "identifier",
                "cancelationReason",
                "id",
                "comment",
                "meta",
                "contained",
            ]
        ),
        JUNK,
        max_size=4,
    )
)
def test_any_change(records, junk: dict[str, Any]):
    answer = records.get("Appointment/" + first_id(records))
    body = answer.json() | junk
    changed = records.put(f"Appointment/{answer.json()['id']}", body, If_Match=answer["ETag"])
    assert changed.status_code in (200, 400, 412, 422)


@FEW
@given(
    junk=st.dictionaries(
        st.sampled_from(
            [
                "name",
                "birthDate",
                "telecom",
                "identifier",
                "managingOrganization",
                "active",
                "id",
                "contact",
            ]
        ),
        JUNK,
        max_size=4,
    )
)
def test_any_patient(records, junk: dict[str, Any]):
    body = {
        "resourceType": "Patient",
        "name": [{"family": "New", "given": ["Nina"]}],
        "birthDate": "1990-01-01",
    }
    assert records.post("Patient", body | junk).status_code in (201, 400, 409, 422)


def first_id(records: Integrator) -> str:
    return str(records.get("Appointment", _count=1).json()["entry"][0]["resource"]["id"])
