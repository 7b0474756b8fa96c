"""Endpoints over the API: added, changed, tested, looked at, each by who may, of their sites."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.webhooks import delivery, outbox
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from clinic import journal
from clinic.transactions import writing
from tests.cast import DESK, NOW, site
from tests.doors.callers import caller
from tests.webhooks.receiver import endpoint

pytestmark = pytest.mark.django_db

URL = "https://93.184.216.34/hook"


@pytest.fixture
def clinic():
    return site()


def happens(number=1):
    with writing():
        for one in range(number):
            journal.record(
                actor=DESK, now=NOW, action="patient.corrected", subject=f"patient:{one}"
            )
    outbox.spread_all(now=NOW)


def test_an_endpoint_is_added_and_its_secret_shown_once():
    records = caller()
    answer = records.post("webhook-endpoints", {"url": URL, "description": "Records"})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert made["state"] == "active"
    assert made["detail"] == "ids"
    one = records.get(f"webhook-endpoints/{made['id']}").json()
    assert one == {name: value for name, value in made.items() if name != "secret"}
    [row] = records.get("webhook-endpoints").json()["results"]
    assert row == one


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://93.184.216.34/hook", "begins with https://"),
        ("https://127.0.0.1/hook", "inside a private network"),
        ("https://169.254.169.254/latest/meta-data", "inside a private network"),
        ("https://[::ffff:10.0.0.1]/hook", "inside a private network"),
        ("https://user:pass@93.184.216.34/", "without a name or password"),
        ("ftp://93.184.216.34/", "begins with https:// or http://"),
        ("nonsense", "begins with https:// or http://"),
        ("https://nowhere.invalid/", "no computer called nowhere.invalid"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_in_words(url, said):
    answer = caller().post("webhook-endpoints", {"url": url})
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["field"] == "url"
    assert said in error["message"]
    assert not WebhookEndpoint.objects.exists()


def test_a_type_that_there_is_not_is_refused(clinic):
    answer = caller().post("webhook-endpoints", {"url": URL, "types": ["tea.made"]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "types"


def test_the_types_are_told_with_what_they_mean():
    rows = caller().get("webhook-event-types").json()["results"]
    assert {"type": "appointment.moved"}.items() <= next(
        row for row in rows if row["type"] == "appointment.moved"
    ).items()


def test_it_is_paused_turned_on_and_removed(clinic):
    records = caller()
    pk = records.post("webhook-endpoints", {"url": URL}).json()["id"]
    paused = records.patch(f"webhook-endpoints/{pk}", {"active": False}).json()
    assert paused["state"] == "paused"
    on = records.patch(f"webhook-endpoints/{pk}", {"active": True, "types": ["offer.made"]})
    assert (on.json()["state"], on.json()["types"]) == ("active", ["offer.made"])
    assert records.delete(f"webhook-endpoints/{pk}").status_code == 204
    assert records.get(f"webhook-endpoints/{pk}").status_code == 404
    assert records.delete(f"webhook-endpoints/{pk}").status_code == 404


def test_a_test_shows_what_was_answered(receiver, clinic):
    records = caller()
    pk = records.post("webhook-endpoints", {"url": receiver.url}).json()["id"]
    receiver.status, receiver.body = 500, b"tea first"
    assert records.post(f"webhook-endpoints/{pk}/test").json() == {
        "arrived": False,
        "status": 500,
        "answer": "tea first",
        "reason": "It answered 500.",
    }


def test_a_rotation_says_until_when_both_sign(clinic):
    records = caller()
    made = records.post("webhook-endpoints", {"url": URL, "site": str(clinic.pk)}).json()
    answer = records.post(f"webhook-endpoints/{made['id']}/rotate").json()
    assert answer["secret"] != made["secret"]
    assert answer["old_secret_until"][-6:] in ("-05:00", "-04:00")


def test_the_log_and_what_died(receiver, clinic):
    one, _ = endpoint(receiver.url)
    happens(3)
    WebhookDelivery.objects.update(state="dead", status=500, reason="It answered 500.")
    records = caller()
    log = records.get(f"webhook-endpoints/{one.pk}/deliveries", state="dead", limit=2).json()
    assert log["count"] == 3
    assert log["results"][0]["event"] == WebhookDelivery.objects.latest("pk").event
    first = log["results"][0]["id"]
    again = records.post(f"webhook-deliveries/{first}/replay")
    assert again.json()["state"] == "waiting"
    assert records.post(f"webhook-deliveries/{first}/replay").status_code == 409
    assert records.post(f"webhook-endpoints/{one.pk}/replay").json() == {"replayed": 2}
    assert delivery.send_due(clock=lambda: NOW, dice=lambda: 0.0) == 3
    assert records.get(f"webhook-endpoints/{one.pk}/deliveries", state="tea").status_code == 400


def test_who_may_not_see_care_cannot_have_it_sent():
    blind = caller(scopes=["webhooks:write", "webhooks:read"])
    full = {"url": URL, "detail": "full"}
    assert blind.post("webhook-endpoints", full).status_code == 403
    seeing = caller("Seeing", scopes=["webhooks:write", "appointments:read"])
    pk = seeing.post("webhook-endpoints", full).json()["id"]
    elsewhere = {"url": "https://93.184.216.35/"}
    assert blind.patch(f"webhook-endpoints/{pk}", elsewhere).status_code == 403
    assert blind.patch(f"webhook-endpoints/{pk}", elsewhere | {"detail": "ids"}).status_code == 200


def test_a_client_of_one_site_neither_sees_nor_makes_those_of_every_site(clinic):
    everywhere = caller().post("webhook-endpoints", {"url": URL}).json()
    here = caller("Here", sites=[clinic])
    assert here.get("webhook-endpoints").json()["count"] == 0
    assert here.get(f"webhook-endpoints/{everywhere['id']}").status_code == 404
    assert here.post("webhook-endpoints", {"url": URL}).status_code == 400
    other = {"url": URL, "site": str(site("Elsewhere").pk)}
    assert here.post("webhook-endpoints", other).status_code == 403
    assert here.post("webhook-endpoints", {"url": URL, "site": str(clinic.pk)}).status_code == 201


@pytest.mark.parametrize("scopes", [["webhooks:read"], ["feeds:write"]])
def test_who_may_only_read_changes_nothing(scopes):
    one, _ = endpoint(URL)
    reader = caller(scopes=scopes)
    assert reader.post("webhook-endpoints", {"url": URL}).status_code == 403
    assert reader.delete(f"webhook-endpoints/{one.pk}").status_code == 403
    assert reader.post(f"webhook-endpoints/{one.pk}/rotate").status_code == 403


def test_the_log_asks_as_many_questions_of_many_events_as_of_few():
    one, _ = endpoint(URL)
    records = caller()

    def asks(number):
        happens(number)
        with CaptureQueriesContext(connection) as asked:
            records.get(f"webhook-endpoints/{one.pk}/deliveries")
        return len(asked)

    assert asks(1) == asks(60) <= 6
