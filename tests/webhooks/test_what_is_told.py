"""Each fact is told once it is true, as what it is, and without a word of what it is for."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from jsonschema import Draft202012Validator

from api.rest.docs import document
from api.webhooks import outbox
from api.webhooks.events import BY_ACTION, BY_NAME
from api.webhooks.models import OutboxEntry, WebhookDelivery
from clinic import journal
from clinic.models import Journal
from clinic.services.patients import create_patient, update_patient
from clinic.transactions import durable, writing
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_series, cancel_visit
from scheduling.services.moving import move_visit
from scheduling.services.progress import set_status
from scheduling.services.recovering import call_out
from scheduling.services.waiting import join_waitlist
from tests.cast import DESK, MONDAY, NOW, house, kare_times, patient, protocol, site, token
from tests.webhooks.receiver import endpoint

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent.parent
ABOUT = re.compile(r"\b(series|visit|wait|offer|follow_up|recovery|patient)\.[a-z_]+")
URL = "https://93.184.216.34/hook"
DOCUMENT = json.loads(document())
AS_TOLD = Draft202012Validator(
    {"$ref": "#/components/schemas/WebhookEvent", "components": DOCUMENT["components"]},
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)
SECRETS = ("Pia", "Sample", "aud-kare", "ketamine", "th1", "inf1", "alcohol", "1980", "T-Pia")


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def course(clinic):
    """Pia's series, booked while somebody listens."""
    endpoint(URL)
    proposal = token(patient("Pia"), protocol("aud-kare"), clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def told() -> list[dict]:
    """Everything lined up so far, oldest first."""
    outbox.spread_all(now=NOW)
    rows = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("pk")]
    for row in rows:
        AS_TOLD.validate(row)
    return rows


def test_every_action_about_a_booking_is_in_the_table_or_left_out_on_purpose():
    written = set()
    for path in [*ROOT.glob("scheduling/services/*.py"), *ROOT.glob("clinic/services/*.py")]:
        text = path.read_text()
        for found in re.findall(
            r'(?:action=|stands\(.*?|_told\(turn, |_write\(.*?)"([a-z_.]+)"', text
        ):
            if ABOUT.fullmatch(found):
                written.add(found)
    assert len(written) > 15
    assert written <= BY_ACTION.keys()


def test_every_action_of_the_table_is_written_somewhere():
    services = [*ROOT.glob("scheduling/services/*.py"), *ROOT.glob("clinic/services/*.py")]
    text = "".join(path.read_text() for path in services)
    never = []
    for action in BY_ACTION:
        kind, _, what = action.partition(".")
        told = f'"{action}"' in text or f'f"{kind}.{{state}}"' in text
        penned = f'Pen("{kind}"' in text and what in ("added", "removed")
        if not told and not penned:
            never.append(action)
    assert never == []


def test_a_type_has_one_action_and_says_what_it_means():
    assert len(BY_NAME) == len(BY_ACTION)
    assert all(one.about.endswith(".") for one in BY_NAME.values())


def test_the_published_document_tells_of_every_type():
    assert DOCUMENT["webhooks"].keys() == BY_NAME.keys()


def test_a_booked_series_is_told_with_the_times_of_its_visits(course):
    [one] = told()
    assert one["type"] == "series.booked"
    assert one["timestamp"] == "2026-12-07T07:00:00-05:00"
    visits = {str(visit.pk): visit for visit in course.appointments.all()}
    assert one["data"]["series"] == str(course.pk)
    assert one["data"]["patient"] == str(course.patient_id)
    assert one["data"]["site"] == str(course.site_id)
    assert {row["appointment"] for row in one["data"]["appointments"]} == visits.keys()
    first = course.appointments.order_by("starts_at").first()
    assert {
        "appointment": str(first.pk),
        "starts_at": "2026-12-08T09:00:00-05:00",
    } in one["data"]["appointments"]


def test_a_moved_visit_is_told_with_where_it_was_and_is(course):
    visit = course.appointments.get(step="th7")
    then = visit.starts_at + timedelta(hours=1)
    move_visit(appointment=visit.pk, starts_at=then, cascade=False, actor=DESK, now=NOW)
    one = told()[-1]
    assert one["type"] == "appointment.moved"
    assert one["data"]["starts_at"] != one["data"]["previous"]["starts_at"]
    assert one["data"]["appointment"] == str(visit.pk)
    assert one["data"]["series"] == str(course.pk)


def test_what_is_told_late_has_the_times_of_then(course):
    """The worker was away: the visit was cancelled and moved before anybody was told of it."""
    visit = course.appointments.get(step="th7")
    set_status(appointment=visit.pk, to="confirmed", actor=DESK, now=NOW)
    then = visit.starts_at + timedelta(hours=1)
    move_visit(appointment=visit.pk, starts_at=then, cascade=False, actor=DESK, now=NOW)
    cancel_visit(appointment=visit.pk, reason="x", actor=DESK, now=NOW)
    _, confirmed, moved, cancelled = told()
    assert confirmed["data"]["starts_at"] == moved["data"]["previous"]["starts_at"]
    assert cancelled["data"]["starts_at"] == moved["data"]["starts_at"]


def test_nothing_that_is_told_says_who_or_for_what(course, clinic):
    visit = course.appointments.get(step="th7")
    set_status(appointment=visit.pk, to="confirmed", actor=DESK, now=NOW)
    update_patient(patient=course.patient_id, given_name="Pia Maria", actor=DESK, now=NOW)
    join_waitlist(
        patient=course.patient,
        site=clinic,
        version=course.protocol_version,
        appointment=visit,
        actor=DESK,
        now=NOW,
    )
    call_out(
        room=clinic.rooms.all()[0].pk,
        starts_at=NOW + timedelta(days=1),
        ends_at=NOW + timedelta(days=2),
        reason="ketamine spilt by Pia",
        actor=DESK,
        now=NOW,
    )
    cancel_series(series=course.pk, reason="Pia drinks again", actor=DESK, now=NOW)
    rows = told()
    assert {row["type"].partition(".")[0] for row in rows} >= {
        "series",
        "appointment",
        "patient",
        "waitlist",
        "absence",
        "recovery",
    }
    text = json.dumps(rows)
    assert [word for word in SECRETS if word.lower() in text.lower()] == []
    assert "step" not in text
    assert 'status"' not in text


def test_an_endpoint_of_full_detail_is_told_the_step_and_where_it_stands(course):
    endpoint(URL, detail="full")
    visit = course.appointments.get(step="th7")
    set_status(appointment=visit.pk, to="confirmed", actor=DESK, now=NOW)
    told()
    bodies = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("pk")]
    full = [one["data"] for one in bodies if "step" in one["data"]]
    assert {(one["protocol"], one["step"], one["status"]) for one in full} == {
        ("aud-kare", "th7", "confirmed")
    }


def test_what_was_rolled_back_is_told_to_nobody(clinic):
    endpoint(URL)

    @durable
    def spill():
        journal.record(actor=DESK, now=NOW, action="patient.added", subject="patient:1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        spill()
    assert told() == []


def test_what_was_kept_is_spread_once(course):
    assert OutboxEntry.objects.count() == 1
    assert len(told()) == 1
    assert OutboxEntry.objects.count() == 0
    assert len(told()) == 1


def test_an_endpoint_is_told_of_its_site_and_its_types_only(clinic):
    elsewhere = site("Elsewhere")
    endpoint(URL, site=elsewhere.pk)
    endpoint(URL, types=["patient.corrected"])
    both, _ = endpoint(URL, site=clinic.pk, types=["patient.created"])
    named = {"given_name": "Nils", "family_name": "New", "birth_date": MONDAY}
    create_patient(**named, home_site=clinic, actor=DESK, now=NOW)
    outbox.spread_all(now=NOW)
    assert [row.endpoint_id for row in WebhookDelivery.objects.all()] == [both.pk]


def test_an_endpoint_is_not_told_of_what_was_before_it(course):
    endpoint(URL, now=NOW + timedelta(minutes=1))
    assert len(told()) == 1


def test_a_row_that_cannot_be_read_keeps_nobody_else_back(clinic, caplog):
    endpoint(URL)
    with writing():
        journal.record(
            actor=DESK, now=NOW, action="absence.added", subject="absence:7", after={"starts_at": 1}
        )
        journal.record(actor=DESK, now=NOW, action="patient.added", subject="patient:1")
    first, second = told()
    assert first["data"] == {"absence": "7", "site": None}
    assert second["data"]["patient"] == "1"
    assert "told without its details" in caplog.text


def test_spreading_asks_as_many_questions_of_many_events_as_of_few(clinic):
    endpoint(URL)
    pia = patient("Pia")

    def spread(number: int) -> int:
        with writing():
            for _ in range(number):
                subject = f"patient:{pia.pk}"
                journal.record(actor=DESK, now=NOW, action="patient.corrected", subject=subject)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            outbox.spread_some(now=NOW)
        return len(asked)

    assert spread(2) == spread(60) <= 14


def test_an_import_keeps_its_rows_together(clinic):
    with writing(), CaptureQueriesContext(connection) as asked:
        journal.record_all(
            actor=DESK,
            now=NOW,
            action="patient.added",
            site=clinic,
            after={f"patient:{number}": {} for number in range(40)},
        )
    assert Journal.objects.count() == OutboxEntry.objects.count() == 40
    assert len([one for one in asked if "INSERT" in one["sql"]]) == 2
