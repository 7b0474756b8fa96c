"""The pages of webhooks: what a manager of one site reaches, and how many questions a page asks."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from clinic.models import Grant, User
from tests.cast import NOW, site
from tests.desk.browsers import person
from tests.webhooks.receiver import endpoint

pytestmark = pytest.mark.django_db

URL = "https://93.184.216.34/hook"


@pytest.fixture
def clinic():
    return site()


@pytest.fixture
def mona(clinic):
    """The manager of this site alone."""
    user = User.objects.create(username="mona", email="mona@clinic.example")
    Grant.objects.create(user=user, role="manager", site=clinic)
    browser = Client()
    browser.force_login(user)
    return browser


def facts(**more):
    return {"url": URL, "description": "", "detail": "ids", "site": ""} | more


def test_a_manager_of_a_site_adds_one_of_that_site_only(mona, clinic):
    there = site("Elsewhere")
    assert mona.post("/setup/webhooks/new", facts()).status_code == 422
    assert mona.post("/setup/webhooks/new", facts(site=there.pk)).status_code == 422
    answer = mona.post("/setup/webhooks/new", facts(site=clinic.pk, types=["offer.made"]))
    assert b"whsec_" in answer.content
    [row] = WebhookEndpoint.objects.all()
    assert (row.site, row.types, row.created_by) == (clinic, ["offer.made"], "mona@clinic.example")


def test_who_does_not_see_care_cannot_have_it_sent(clinic):
    manager = person("manager")
    answer = manager.post("/setup/webhooks/new", facts(detail="full"))
    assert answer.status_code == 422
    Grant.objects.create(user=User.objects.get(username="manager"), role="prescriber")
    assert manager.post("/setup/webhooks/new", facts(detail="full")).status_code == 200
    assert WebhookEndpoint.objects.get().detail == "full"


def test_an_address_of_full_detail_is_not_turned_elsewhere_by_who_does_not_see_care(clinic):
    one, _ = endpoint(URL, detail="full")
    manager = person("manager")
    turned = facts(url="https://93.184.216.35/", detail="full")
    assert manager.post(f"/webhooks/{one.pk}", turned).status_code == 422
    assert manager.post(f"/webhooks/{one.pk}", turned | {"detail": "ids"}).status_code == 302


def test_a_stopped_webhook_says_why_and_what_to_do(clinic):
    one, _ = endpoint(URL)
    manager = person("manager")
    for state, said in (("failing", "nothing arrived for a day"), ("gone", "It answered 410")):
        WebhookEndpoint.objects.update(state=state)
        page = manager.get(f"/webhooks/{one.pk}").content.decode()
        assert said in page
        assert "Turn on again" in page
    manager.post(f"/webhooks/{one.pk}/turn", {"on": ""})
    one.refresh_from_db()
    assert one.state == "active"
    manager.post(f"/webhooks/{one.pk}/remove")
    assert manager.get(f"/webhooks/{one.pk}").status_code == 404


@pytest.mark.parametrize("url", ["https://[", "https://a:99999/", "https://x\x00y/", "h" * 600])
def test_nothing_typed_as_an_address_breaks_a_page(clinic, url):
    one, _ = endpoint(URL)
    manager = person("manager")
    wrong = {"url": url, "types": ["tea.made"], "detail": "all"}
    assert manager.post("/setup/webhooks/new", wrong).status_code == 422
    assert manager.post(f"/webhooks/{one.pk}", wrong).status_code == 422
    assert manager.get(f"/webhooks/{one.pk}?stand=tea&page=x").status_code == 200
    assert manager.get("/webhooks/999999").status_code == 404


@pytest.mark.parametrize("path", ["/setup/webhooks", "/webhooks/{one}?stand=dead"])
def test_a_page_asks_as_many_questions_of_many_as_of_few(clinic, path):
    one, _ = endpoint(URL)
    manager = person("manager")

    def asks(number):
        for _ in range(number):
            endpoint(URL, site=clinic.pk)
        WebhookDelivery.objects.bulk_create(
            WebhookDelivery(
                endpoint=row,
                event=f"evt_{number}_{each}",
                type="patient.created",
                key="patient:1",
                body="{}",
                state="dead",
                due_at=NOW,
                created_at=NOW,
            )
            for row in WebhookEndpoint.objects.all()
            for each in range(number)
        )
        with CaptureQueriesContext(connection) as asked:
            assert manager.get(path.format(one=one.pk)).status_code == 200
        return len(asked)

    manager.get(path.format(one=one.pk))
    assert asks(1) == asks(30) <= 16
