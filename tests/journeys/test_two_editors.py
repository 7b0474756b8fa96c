"""Two people at the same room in two browsers."""

from django.test import Client
from playwright.sync_api import expect

from clinic.models import Grant, Room, User


def test_the_second_sees_who_changed_what_and_both_changes_are_kept(
    enter, browser, clinic, live_server
):
    room = Room.objects.filter(site=clinic).earliest("position")
    address = f"{live_server.url}/rooms/{room.pk}"
    mia = enter("manager")
    mia.goto(address)
    mia.get_by_label("Name", exact=True).fill("Quiet room")

    ines = User.objects.create(
        username="ines", email="ines@clinic.example", first_name="Ines", last_name="Lead"
    )
    Grant.objects.create(user=ines, role="manager")
    client = Client()
    client.force_login(ines)
    other = browser.new_context()
    session = client.cookies["sessionid"].value
    other.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    hers = other.new_page()
    hers.goto(address)
    hers.get_by_label("Turnover, minutes").fill("25")
    hers.get_by_role("button", name="Save", exact=True).click()
    expect(hers.locator("#toasts")).to_contain_text("Saved")
    other.close()

    mia.get_by_role("button", name="Save", exact=True).click()
    told = mia.locator(".meanwhile")
    expect(told).to_contain_text("Ines Lead changed this")
    expect(told).to_contain_text("Turnover, minutes")
    expect(mia.get_by_label("Name", exact=True)).to_have_value("Quiet room")
    expect(mia.get_by_label("Turnover, minutes")).to_have_value("25")
    mia.get_by_role("button", name="Save", exact=True).click()
    expect(mia.locator("#toasts")).to_contain_text("Saved: Quiet room")
    room.refresh_from_db()
    assert (room.name, room.turnover_minutes) == ("Quiet room", 25)


def test_undo_on_a_page_that_answers_a_form_posts_nothing_again(enter, clinic, live_server):
    room = Room.objects.filter(site=clinic).earliest("position")
    was, address = room.name, f"{live_server.url}/rooms/{room.pk}"
    mia = enter("manager")
    mia.goto(address)
    name = mia.get_by_label("Name", exact=True)
    name.fill("Quiet room")
    mia.get_by_role("button", name="Save", exact=True).click()
    expect(mia.locator("#toasts")).to_contain_text("Saved")
    mia.goto(address)
    name.fill("")
    name.evaluate("field => { field.form.noValidate = true; }")
    mia.get_by_role("button", name="Save", exact=True).click()
    expect(mia.locator("body[data-posted]")).to_be_visible()
    mia.wait_for_load_state()
    mia.keyboard.press("Control+k")
    mia.get_by_role("option", name="Undo the last action").click()
    expect(mia.locator("#toasts")).to_contain_text("Undone")
    expect(mia.locator("body:not([data-posted])")).to_be_visible()
    expect(name).to_have_value(was)
