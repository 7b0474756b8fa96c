"""What surrounds every page: where the switch between sites leads, and answers that are small."""

import pytest
import time_machine
from django.test import Client

from clinic.models import Grant, User
from tests.cast import NOW, house, site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


def person(*grants):
    user = User.objects.create(username="mara", email="mara@clinic.example")
    for role, where in grants:
        Grant.objects.create(user=user, role=role, site=where)
    browser = Client()
    browser.force_login(user)
    return browser


def test_another_site_shows_the_same_page_where_one_may_see_it():
    here, there = house(), site("Far House")
    mara = person(("manager", here), ("manager", there))
    assert f"/sites/{there.pk}?to=hours" in mara.get(f"/sites/{here.pk}/hours").content.decode()
    assert mara.get(f"/sites/{there.pk}?to=hours")["Location"] == f"/sites/{there.pk}/hours"


def test_where_one_may_not_it_is_the_first_page():
    here, there = house(), site("Far House")
    mara = person(("manager", here), ("nurse", there))
    assert mara.get(f"/sites/{there.pk}?to=hours")["Location"] == "/"
    assert mara.get(f"/sites/{there.pk}?to=//elsewhere.example")["Location"] == "/"


def test_a_page_is_compressed_for_who_can_read_it():
    here = house()
    mara = person(("front_desk", here))
    page = f"/sites/{here.pk}/day/2026-12-08"
    assert mara.get(page, headers={"accept-encoding": "gzip"})["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in mara.get(page)


def test_the_admin_is_shown_only_to_whom_it_serves():
    here = house()
    boss = User.objects.create(username="boss", email="boss@clinic.example", is_staff=True)
    Grant.objects.create(user=boss, role="administrator")
    everywhere = Client()
    everywhere.force_login(boss)
    address = 'href="/admin/"'
    page = f"/sites/{here.pk}/hours"
    assert address in everywhere.get(page).content.decode()
    assert address not in person(("administrator", here)).get(page).content.decode()


def test_a_page_that_answers_a_form_says_so_lest_it_be_posted_again():
    here = house()
    boss = person(("manager", here))
    page = f"/sites/{here.pk}/staff/new"
    assert "data-posted" not in boss.get(page).content.decode()
    assert "data-posted" in boss.post(page).content.decode()
