"""An administrator invites a nurse, who follows the address and lands on the day."""

from playwright.sync_api import Browser, expect

from clinic.models import Grant, Staff, User


def test_a_nurse_is_invited_sets_a_password_and_lands_on_the_day(
    enter, clinic, browser: Browser, live_server
):
    nurse = Staff.objects.filter(roles=["monitoring_nurse"]).first()
    assert nurse
    page = enter("administrator")
    page.goto(f"{live_server.url}/sites/{clinic.pk}/staff")
    page.get_by_role("link", name=nurse.name).click()
    page.get_by_role("link", name="Invite them").click()
    page.get_by_label("E-mail").fill("nurse@clinic.example")
    page.get_by_label(f"Nurse at {clinic.name}", exact=True).check()
    page.get_by_role("button", name="Make the address").click()
    address = page.get_by_label("Address of the invitation").input_value()

    fresh = browser.new_context()
    theirs = fresh.new_page()
    theirs.goto(address)
    expect(theirs.get_by_label("Given name")).to_have_value(nurse.given_name)
    theirs.get_by_label("Password").fill("short")
    theirs.get_by_role("button", name="Set the password and go in").click()
    expect(theirs.locator(".error")).to_contain_text("at least 10 characters")
    theirs.get_by_label("Password").fill("seven quiet lanterns")
    theirs.get_by_role("button", name="Set the password and go in").click()
    theirs.wait_for_url(f"**/sites/{clinic.pk}/day/*")
    expect(theirs.get_by_role("link", name="My week")).to_be_visible()
    theirs.goto(address)
    expect(theirs.get_by_role("heading")).to_contain_text("leads nowhere")
    fresh.close()

    nurse.refresh_from_db()
    assert nurse.user == User.objects.get(email="nurse@clinic.example")
    assert [(one.role, one.site) for one in Grant.objects.filter(user=nurse.user)] == [
        ("nurse", clinic)
    ]
    page.goto(f"{live_server.url}/sign-ins")
    expect(page.get_by_role("row", name=nurse.name)).to_contain_text(f"Nurse at {clinic.name}")
