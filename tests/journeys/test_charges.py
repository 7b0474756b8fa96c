"""A visit is discharged on the board; its charges appear by themselves, and a biller approves."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from playwright.sync_api import expect

from billing.models import Charge, Prepaid
from billing.selectors import owed, unearned
from billing.services.packages import sell_package
from config.celery import app
from scheduling.models import ProtocolVersion
from scheduling.services.booking import book_visit
from scheduling.services.progress import set_status
from tests.cast import DESK, MONDAY, NOW, all_met, at, patient
from tests.money.visits import offer, price_list


@pytest.fixture
def worker() -> Iterator[None]:
    """Tasks run at once, as a worker that is never busy would run them."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_from_the_discharge_to_the_ledger(enter, clinic, live_server, worker):
    price_list(clinic)
    version = ProtocolVersion.objects.get(protocol__key="maintenance")
    pia, olga = patient("Pia", home_site=clinic), patient("Olga", home_site=clinic)
    booster = offer(clinic, name="One booster", covers={"infusion": 1}, cents=40_000)
    bought = {"patient": olga, "offer": booster, "paid_cents": 40_000, "method": "card"}
    sell_package(**bought, key="sale", actor=DESK, now=NOW)
    for who, clock in ((pia, "08:00"), (olga, "10:00")):
        one = book_visit(
            patient=who,
            site=clinic,
            version=version,
            step="inf1",
            starts_at=at(MONDAY, clock),
            actor=DESK,
            now=NOW,
        )
        moment = one.starts_at
        for to, minutes in (("arrived", 0), ("in_prep", 10), ("infusing", 20), ("recovering", 40)):
            moment += timedelta(minutes=minutes)
            if to == "in_prep":
                all_met(one, now=moment)
            set_status(appointment=one.pk, to=to, actor=DESK, now=moment)
        all_met(one, now=moment + timedelta(hours=1), leaving=True)

    with time_machine.travel(at(MONDAY, "13:30"), tick=True):
        nurse = enter("charge_nurse")
        for one in pia.appointments.all() | olga.appointments.all():
            nurse.goto(f"{live_server.url}/visits/{one.pk}")
            nurse.get_by_role("button", name="Discharge", exact=True).click()
            expect(nurse.locator(".visit-body .status").first).to_contain_text("Discharged")
        nurse.get_by_role("button", name="Correct times…").click()
        dialog = nurse.locator("#modal")
        expect(dialog.get_by_role("heading", name="What was done")).to_be_visible()
        dialog.get_by_role("group", name="Infuse").get_by_label("Stop").fill("11:50")
        dialog.get_by_role("button", name="Keep and propose anew").click()
        expect(nurse.locator("#toasts")).to_contain_text("proposed anew")

        biller = enter("biller")
        biller.goto(f"{live_server.url}/sites/{clinic.pk}/charges")
        mine = biller.locator(".charge-card", has_text=pia.mrn)
        expect(mine.get_by_role("row", name="96365")).to_contain_text("40 min of infusion")
        expect(mine).to_contain_text("No diagnosis is given")
        hers = biller.locator(".charge-card", has_text=olga.mrn)
        expect(hers).to_contain_text("One booster")
        expect(hers.get_by_role("row", name="96365")).to_contain_text("80 min of infusion")

        for card in (mine, hers):
            card.get_by_role("button", name="Approve as it is").click()
            modal = biller.locator("#modal")
            modal.get_by_label("Why").fill("The diagnosis is in the paper record")
            modal.get_by_role("button", name="Approve", exact=True).click()
            expect(biller.locator("#toasts")).to_contain_text("Approved: 2 charges")
            expect(card).to_have_count(0)
        biller.get_by_role("button", name="Enter 4 approved into the ledger").click()
        expect(biller.locator("#toasts")).to_contain_text("In the ledger: 4 charges")
    assert (owed(pia), owed(olga), unearned(olga)) == (35_000, 0, 0)
    assert Prepaid.objects.get().state == "used"
    assert not Charge.objects.filter(state="proposed").exists()
