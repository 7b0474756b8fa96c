"""Signing in, and finding one's way by keyboard."""

from playwright.sync_api import expect

from clinic.models import Grant, User
from tests.cast import patient


def test_a_wrong_password_is_said_and_the_right_one_opens_the_day(context, clinic, live_server):
    user = User.objects.create_user(
        username="dora", email="dora@clinic.example", password="a long enough one"
    )
    Grant.objects.create(user=user, role="front_desk", site=clinic)
    page = context.new_page()
    page.goto(live_server.url)
    page.get_by_label("E-mail").fill("dora@clinic.example")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("dora@clinic.example")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".bar")).to_contain_text("Mon 7 Dec")
    expect(page.locator("#board")).to_be_visible()


def test_a_patient_is_found_by_birth_date_and_opened_by_enter(desk, live_server, clinic):
    pia = patient("Pia")
    desk.goto(live_server.url)
    expect(desk.locator("#find")).to_be_visible()
    desk.keyboard.press("/")
    desk.keyboard.type("29.2.1980")
    expect(desk.locator("#find-list [role=option]").first).to_contain_text("Pia Sample")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name="Pia Sample")).to_be_visible()
    assert desk.url == f"{live_server.url}/patients/{pia.pk}"


def test_what_is_typed_is_never_read_as_markup(desk, live_server, clinic):
    patient("<script>alert(1)</script>")
    desk.goto(live_server.url)
    desk.locator("#find").press_sequentially("sample")
    expect(desk.locator("#find-list [role=option]").first).to_contain_text("<script>alert(1)")


def test_dark_is_kept(desk, live_server, clinic):
    desk.goto(live_server.url)
    desk.locator(".person summary").click()
    desk.get_by_role("button", name="Dark").click()
    desk.reload()
    expect(desk.locator("html")).to_have_attribute("data-theme", "dark")
