"""The main job: a whole treatment series booked from one screen."""

from playwright.sync_api import Page, expect

from clinic.models import Patient
from scheduling.models import Appointment, Hold, Series
from scheduling.selectors import propose_series
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, patient


def address(page: Page, live_server, path: str) -> None:
    page.goto(f"{live_server.url}{path}")


def wizard(page: Page, live_server, clinic, query: str = "") -> None:
    address(page, live_server, f"/sites/{clinic.pk}/book{query}")


def choose(page: Page, typed: str) -> None:
    page.get_by_placeholder("Name, birth date, phone or MRN").press_sequentially(typed)
    page.locator("#choose-list [role=option]").first.click()
    expect(page.locator(".chosen")).to_contain_text(typed)


def test_a_new_patient_has_eleven_visits_within_a_minute(desk, live_server, clinic):
    wizard(desk, live_server, clinic)
    desk.get_by_placeholder("Name, birth date, phone or MRN").press_sequentially("Nina Newcomer")
    desk.get_by_role("option", name="New patient").click()
    expect(desk.get_by_label("Given name", exact=True)).to_have_value("Nina")
    desk.get_by_label("Birth date", exact=True).fill("1984-03-02")
    desk.get_by_role("button", name="Add patient").click()
    desk.get_by_text("AUD, three weekly infusions").click()
    expect(desk.locator(".proposal")).to_have_count(3)
    desk.get_by_role("button", name="Book A").click()

    expect(desk.get_by_role("heading", name="Nina Newcomer")).to_be_visible()
    expect(desk.locator(".paper-visits li")).to_have_count(11)
    expect(desk.get_by_text("Booked: 11 visits")).to_be_visible()
    series = Series.objects.get(patient__family_name="Newcomer")
    first = series.appointments.order_by("starts_at").first()
    desk.get_by_role("link", name="on the board").click()
    expect(desk.locator(f".block[data-visit='{first.pk}']")).to_contain_text("Nina Newcomer")


def test_the_keyboard_alone_adds_a_patient_and_books(desk, live_server, clinic):
    address(desk, live_server, "/")
    expect(desk.locator(".rail")).to_be_visible()
    desk.keyboard.press("b")
    expect(desk.locator("#choose")).to_be_focused()
    desk.keyboard.type("Pia Sample")
    pointed_at = desk.locator("#choose-list [role=option][aria-selected=true]")
    expect(pointed_at).to_contain_text("New patient")
    desk.keyboard.press("Enter")
    expect(desk.locator("#modal #id_birth_date")).to_be_focused()
    desk.keyboard.type("02291984")
    desk.keyboard.press("Enter")
    expect(desk.locator(".chosen")).to_contain_text("Pia Sample")
    expect(desk.locator("input[name=protocol]").first).to_be_focused()
    desk.keyboard.press("Space")
    expect(desk.locator(".proposal")).not_to_have_count(0)
    while not desk.evaluate("document.activeElement.name === 'focus'"):
        desk.keyboard.press("Tab")
    desk.keyboard.press("ArrowDown")
    expect(desk.locator("input[name=focus][value=B]")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(".paper-visits")).to_be_visible()
    assert Series.objects.filter(patient__given_name="Pia").count() == 1


def test_a_refusal_keeps_what_was_typed_and_offers_what_fits(desk, live_server, clinic):
    pia, per = patient("Pia"), patient("Per")
    wizard(desk, live_server, clinic, f"?patient={pia.pk}&protocol=aud-kare")
    desk.get_by_label("Start from").fill("2026-12-14")
    desk.get_by_label("All of Tue").click()
    desk.get_by_label("Therapist", exact=True).select_option(label="Ana Example")
    expect(desk.locator(".proposal")).not_to_have_count(0)
    expect(desk.locator("#proposals[aria-busy]")).to_have_count(0)
    taken = desk.locator(".proposal b").first.inner_text()
    book_the_same(per, clinic, desk)

    desk.get_by_role("button", name="Book A").click()
    expect(desk.get_by_role("alert")).to_contain_text("nothing was saved")
    expect(desk.locator(".proposal")).not_to_have_count(0)
    expect(desk.get_by_label("Start from")).to_have_value("2026-12-14")
    expect(desk.locator("[name=when]:checked")).to_have_count(3)
    expect(desk.get_by_label("Therapist", exact=True).locator("option:checked")).to_have_text(
        "Ana Example"
    )
    assert not Series.objects.filter(patient=pia).exists()
    assert taken
    desk.get_by_role("button", name="Book A").click()
    expect(desk.locator(".paper-visits li")).to_have_count(11)


def book_the_same(per: Patient, clinic, page: Page) -> None:
    """Somebody else books all that is on screen: the place of the first proposal is gone."""
    staff = int(page.get_by_label("Therapist", exact=True).input_value())
    found = propose_series(
        patient=per,
        protocol_key="aud-kare",
        site=clinic,
        not_before=MONDAY.replace(day=14),
        weekdays=[1],
        staff=[staff],
        now=NOW,
    )
    book_series(token=found.offers[0].token, actor=DESK, now=NOW)


def test_what_blocks_is_named_and_relaxed_by_one_click(desk, live_server, clinic):
    pia = patient("Pia")
    wizard(desk, live_server, clinic, f"?patient={pia.pk}&protocol=aud-kare&at=17:30")
    expect(desk.get_by_role("heading", name="Nothing fits as asked")).to_be_visible()
    desk.locator("[data-relax]").first.click()
    expect(desk.locator(".proposal")).to_have_count(3)
    expect(desk.get_by_label("Not before")).to_have_value("")


def test_a_proposal_is_held_while_they_talk(desk, live_server, clinic):
    pia = patient("Pia")
    wizard(desk, live_server, clinic, f"?patient={pia.pk}&protocol=aud-kare")
    expect(desk.locator(".proposal")).to_have_count(3)
    desk.get_by_label("Hold while we talk").check()
    expect(desk.locator("#held")).to_contain_text("A is held until")
    desk.locator(".proposal[data-letter=C] .proposal-label").click()
    expect(desk.locator("#held")).to_contain_text("C is held until")
    assert Hold.objects.count() == 1
    desk.get_by_role("button", name="Book C").click()
    expect(desk.locator(".paper-visits li")).to_have_count(11)
    assert not Hold.objects.exists()


def test_steps_done_before_are_not_booked_again(desk, live_server, clinic):
    pia = patient("Pia")
    wizard(desk, live_server, clinic, f"?patient={pia.pk}&protocol=aud-kare")
    desk.locator("details.done summary").locator("visible=true").click()
    desk.get_by_label("Screening", exact=True).locator("visible=true").fill("2026-12-01")
    expect(desk.locator("#proposals h2")).to_contain_text("10 visits each")
    desk.get_by_role("button", name="Book A").click()
    expect(desk.locator(".paper-visits li")).to_have_count(10)
    assert not Appointment.objects.filter(step="screening").exists()


def test_a_likely_duplicate_is_shown_before_it_is_made(desk, live_server, clinic):
    patient("Pia", phone="+12125550123")
    wizard(desk, live_server, clinic)
    desk.get_by_placeholder("Name, birth date, phone or MRN").press_sequentially("Pya Sample")
    desk.get_by_role("option", name="New patient").click()
    desk.get_by_label("Birth date", exact=True).fill("1980-02-29")
    desk.get_by_role("button", name="Add patient").click()
    expect(desk.get_by_role("alert")).to_contain_text("may be somebody you already have")
    expect(desk.get_by_label("Given name", exact=True)).to_have_value("Pya")
    desk.get_by_label("Given name", exact=True).press("Enter")
    expect(desk.locator("#modal.htmx-request, #modal form.htmx-request")).to_have_count(0)
    expect(desk.get_by_role("alert")).to_contain_text("may be somebody you already have")
    assert Patient.objects.count() == 1
    desk.get_by_role("button", name="Use this one").click()
    expect(desk.locator(".chosen")).to_contain_text("Pia Sample")


def test_usual_times_fill_the_wizard_and_go_by_one_click(desk, live_server, clinic):
    away = [{"from": "2026-12-20", "to": "2026-12-27", "why": "a wedding"}]
    patient("Pia", preferences={"when": ["tue-morning"], "latest": "15:00", "away": away})
    wizard(desk, live_server, clinic)
    choose(desk, "Pia")
    expect(desk.get_by_text("From their usual times: Tue, morning, done by 15:00.")).to_be_visible()
    expect(desk.get_by_text("Away Sun 20 Dec – Sun 27 Dec, a wedding")).to_be_visible()
    expect(desk.locator("[name=when]:checked")).to_have_count(1)
    desk.get_by_role("button", name="Clear").click()
    expect(desk.locator("[name=when]:checked")).to_have_count(0)
    expect(desk.get_by_label("Done by")).to_have_value("")
    desk.get_by_text("Maintenance infusion").click()
    desk.get_by_label("All of Wed").click()
    desk.get_by_role("button", name="Remember these times").click()
    expect(desk.get_by_text("usual times from now on")).to_be_visible()
    kept = Patient.objects.get(given_name="Pia").preferences
    assert kept["weekdays"] == ["wed"]
    assert kept["away"] == away


def test_a_hold_is_let_go_by_hand(desk, live_server, clinic):
    pia = patient("Pia")
    wizard(desk, live_server, clinic, f"?patient={pia.pk}&protocol=aud-kare")
    desk.get_by_label("Hold while we talk").check()
    expect(desk.locator("#held")).to_contain_text("A is held until")
    desk.get_by_role("button", name="Let it go").click()
    expect(desk.locator("#held")).not_to_contain_text("is held until")
    expect(desk.get_by_label("Hold while we talk")).not_to_be_checked()
    assert not Hold.objects.exists()
