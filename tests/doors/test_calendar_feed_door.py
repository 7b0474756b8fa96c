from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser

from scheduling.models import CalendarFeed
from tests.cast import nurse, patient, room, site
from tests.doors.callers import caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return site()


@pytest.fixture
def ines(clinic):
    return nurse("Ines", clinic)


def feed(of: str, thing, detail: str = "busy") -> dict:
    return {of: str(thing.pk), "detail": detail}


def subscribed(url: str) -> int:
    """What a calendar gets at an address."""
    return Browser().get(urlsplit(url).path).status_code


def test_an_address_works_and_is_shown_once(ines):
    records = caller()
    answer = records.post("calendar-feeds", feed("staff", ines))
    assert answer.status_code == 201, answer.content
    assert answer.json()["url"].startswith("http://testserver/feeds/")
    assert subscribed(answer.json()["url"]) == 200
    [row] = records.get("calendar-feeds").json()["results"]
    assert row == {
        "id": answer.json()["id"],
        "staff": str(ines.pk),
        "detail": "busy",
        "label": "",
    }


def test_rooms_and_sites_have_calendars_too(clinic):
    records = caller()
    assert records.post("calendar-feeds", feed("room", room("Room 1", clinic))).status_code == 201
    assert records.post("calendar-feeds", feed("site", clinic)).status_code == 201


def test_a_person_may_have_several(ines):
    records = caller()
    urls = {records.post("calendar-feeds", feed("staff", ines)).json()["url"] for _ in range(3)}
    assert len(urls) == 3


def test_rotating_kills_the_old_address_at_once(ines):
    records = caller()
    made = records.post("calendar-feeds", feed("staff", ines)).json()
    rotated = records.post(f"calendar-feeds/{made['id']}/rotate")
    assert rotated.status_code == 200
    assert subscribed(made["url"]) == 404
    assert subscribed(rotated.json()["url"]) == 200


def test_deleting_kills_the_address(ines):
    records = caller()
    made = records.post("calendar-feeds", feed("staff", ines)).json()
    assert records.delete(f"calendar-feeds/{made['id']}").status_code == 204
    assert subscribed(made["url"]) == 404
    assert records.delete(f"calendar-feeds/{made['id']}").status_code == 404
    assert records.post(f"calendar-feeds/{made['id']}/rotate").status_code == 404
    assert records.get("calendar-feeds").json()["count"] == 0


def test_the_same_key_gives_the_same_address(ines):
    records = caller()
    first = records.post("calendar-feeds", feed("staff", ines), key="f-1").json()
    assert records.post("calendar-feeds", feed("staff", ines), key="f-1").json() == first
    assert CalendarFeed.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"detail": "busy"}, 400),
        ({"detail": "busy", "staff": "1", "site": "1"}, 400),
        ({"detail": "everything", "site": "1"}, 400),
        ({"site": "1"}, 400),
        ({"detail": "busy", "staff": "99999"}, 422),
        ({"detail": "busy", "room": "x"}, 422),
        ({"detail": "busy", "site": "99999"}, 422),
    ],
)
def test_a_feed_of_nothing_is_refused(body, status):
    assert caller().post("calendar-feeds", body).status_code == status
    assert not CalendarFeed.objects.exists()


def test_a_patient_has_no_calendar_address():
    pia = patient("Pia")
    for of in ("staff", "room", "site"):
        assert caller().post("calendar-feeds", feed(of, pia)).status_code == 422


def test_who_may_not_read_names_cannot_have_them_sent(ines):
    blind = caller(scopes=["feeds:write"])
    assert blind.post("calendar-feeds", feed("staff", ines, "full")).status_code == 403
    assert blind.post("calendar-feeds", feed("staff", ines, "initials")).status_code == 403
    assert blind.post("calendar-feeds", feed("staff", ines, "busy")).status_code == 201


def test_a_client_of_another_site_gives_out_nothing_here(clinic, ines):
    made = caller().post("calendar-feeds", feed("staff", ines)).json()
    foreign = caller("Elsewhere", sites=[site("Elsewhere")])
    for body in (feed("staff", ines), feed("site", clinic), feed("room", room("R", clinic))):
        assert foreign.post("calendar-feeds", body).status_code == 403
    assert foreign.get("calendar-feeds").json()["count"] == 0
    assert foreign.delete(f"calendar-feeds/{made['id']}").status_code == 404
    assert foreign.post(f"calendar-feeds/{made['id']}/rotate").status_code == 404
    assert subscribed(made["url"]) == 200
