"""The tour is a demo's: a clinic with patients of its own is never offered it."""

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import Grant, User
from tests.cast import MONDAY, NOW, house, patient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize("demo", [True, False])
def test_only_a_demo_offers_its_tour_on_the_board_and_in_the_menu_of_every_page(demo):
    here = house()
    patient(is_demo=demo)
    user = User.objects.create(username="dora", email="dora@clinic.example")
    Grant.objects.create(user=user, role="front_desk")
    browser = Client()
    browser.force_login(user)
    board = browser.get(reverse("desk:day", args=[here.pk, MONDAY])).content.decode()
    patients = browser.get(reverse("desk:patients", args=[here.pk])).content.decode()
    for shown in (board, patients):
        assert ("Take the tour" in shown) is demo
        assert ("Take the two-minute tour" in shown) is demo
