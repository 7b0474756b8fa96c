"""No serious barrier on any page, light and dark (axe), and nothing wider than a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from billing.services.charging import capture_visit
from billing.services.claiming import make_claims
from billing.services.ledger import Leg, open_account
from billing.services.ledger import enter as enter_money
from billing.services.online import make_link
from billing.services.packages import sell_package
from billing.services.paying import take_payment
from clinic.models import Room, Staff
from clinic.transactions import writing
from scheduling.models import ProtocolVersion
from scheduling.services.booking import book_series
from scheduling.services.drafting import open_draft
from scheduling.services.time_off import ask_time_off
from tests.cast import DESK, MONDAY, NOW, at, days_after, kare_times, patient, site, token
from tests.money.insured import charged, insured
from tests.money.visits import offer, over, price_list, visit

PAGES = {
    "day board": ("front_desk", "/sites/{site}/day/2026-12-17", ".block"),
    "live": ("front_desk", "/sites/{site}/live", ".live-columns"),
    "live nurses": ("charge_nurse", "/sites/{site}/live/nurses", ".live"),
    "live rooms": ("manager", "/sites/{site}/live/rooms", ".live-room"),
    "cover": ("charge_nurse", "/sites/{site}/cover/2026-12-17?view=board", ".piece"),
    "cover, list": ("charge_nurse", "/sites/{site}/cover/2026-12-17?view=list", ".cover-list"),
    "closed day": ("front_desk", "/sites/{site}/day/2026-12-13", ".empty"),
    "day by nurses": ("front_desk", "/sites/{site}/day/2026-12-17?by=nurses&view=board", ".bar"),
    "day by nurses, list": (
        "charge_nurse",
        "/sites/{site}/day/2026-12-17?by=nurses&view=list",
        ".lane-group",
    ),
    "day by clinicians": ("manager", "/sites/{site}/day/2026-12-08?by=clinicians", ".bar"),
    "week board": ("front_desk", "/sites/{site}/week/2026-12-17?view=board", ".chip-bar"),
    "week list": ("therapist", "/sites/{site}/week/2026-12-17?by=clinicians&view=list", ".told"),
    "month": ("front_desk", "/sites/{site}/month/2026-12-17?view=board", ".month-day"),
    "month list": ("manager", "/sites/{site}/month/2026-12-17?view=list", ".month-list"),
    "free times": ("front_desk", "/sites/{site}/free", ".free-answer"),
    "free times, wrong": ("front_desk", "/sites/{site}/free?minutes=1", ".error"),
    "patients": ("front_desk", "/sites/{site}/patients", ".patients-table"),
    "wizard": ("front_desk", "/sites/{site}/book", ".empty"),
    "proposals": ("front_desk", "/sites/{site}/book?patient={per}&protocol=aud-kare", ".proposal"),
    "series": ("front_desk", "/sites/{site}/series", ".series-table"),
    "itinerary": ("front_desk", "/series/{series}", ".paper-visits"),
    "patient": ("front_desk", "/patients/{pia}", ".timeline"),
    "new patient": ("front_desk", "/patients/new", "form"),
    "correct details": ("front_desk", "/patients/{pia}/edit", "#id_notes"),
    "visit": ("front_desk", "/visits/{visit}", ".facts"),
    "import": ("front_desk", "/sites/{site}/import", ".import-how"),
    "one visit": ("front_desk", "/sites/{site}/visit?patient={pia}&day=2026-12-17", "#single"),
    "block time": ("front_desk", "/sites/{site}/block?day=2026-12-17", "#block"),
    "note": ("front_desk", "/visits/{visit}/note", "#note"),
    "usual times": ("front_desk", "/patients/{pia}/times", "#times"),
    "my week": ("therapist", "/me/week?from=2026-12-14", ".week-block"),
    "hours": ("manager", "/sites/{site}/hours?from=2026-12-14", ".roster"),
    "hours of one": ("manager", "/staff/{ana}/hours?site={site}", ".shift-bar"),
    "time off": ("manager", "/sites/{site}/time-off", ".off-request"),
    "capacity": ("manager", "/sites/{site}/capacity", ".heat"),
    "reports": (
        "manager",
        "/sites/{site}/reports?from=2026-12-01&to=2026-12-31",
        ".report-card svg",
    ),
    "report": (
        "manager",
        "/sites/{site}/reports/utilisation?from=2026-12-01&to=2026-12-31",
        ".report-plots svg",
    ),
    "starts": ("manager", "/sites/{site}/reports/starts?from=2026-12-01&to=2026-12-31", ".plot"),
    "nurse load": (
        "manager",
        "/sites/{site}/reports/nurses?from=2026-12-01&to=2026-12-31",
        ".plot",
    ),
    "nothing to report": ("manager", "/sites/{site}/reports/punctuality", ".empty"),
    "missing before visits": ("front_desk", "/sites/{site}/missing", ".follow-ups"),
    "nobody to watch": ("nurse", "/sites/{site}/rounds", ".empty"),
    "money": ("front_desk", "/patients/{pia}/money", ".balance"),
    "take a payment": ("front_desk", "/patients/{pia}/payment", "#take-payment"),
    "refund": ("manager", "/payments/{payment}/refund", "#id_reason"),
    "day-end": ("front_desk", "/sites/{site}/day-end/2026-12-07", "#count"),
    "unpaid": ("manager", "/sites/{site}/unpaid", ".credits"),
    "payment link": ("", "/pay/{pay}", ".pay-amount"),
    "protocols": ("prescriber", "/protocols", ".protocol-table"),
    "protocol": ("prescriber", "/protocols/aud-kare", ".ruler"),
    "protocol editor": ("prescriber", "/protocol-drafts/aud-kare?step=inf2", ".editor .ruler"),
    "versions compared": ("prescriber", "/protocols/aud-kare/compare", ".compare-form"),
    "new protocol": ("manager", "/protocol-new", "#id_key"),
    "import protocols": ("manager", "/protocol-import", "#id_text"),
    "staff": ("manager", "/sites/{site}/staff", ".staff-table"),
    "person": ("manager", "/staff/{ana}", ".validity"),
    "new person": ("manager", "/sites/{site}/staff/new", "#id_given_name"),
    "credentials": ("manager", "/sites/{site}/credentials", "h1"),
    "claims": ("biller", "/sites/{site}/billing/claims", ".claims-table"),
    "claim": ("biller", "/claims/{claim}", ".troubles"),
    "files of claims": ("biller", "/sites/{site}/billing/claims/files", ".empty"),
    "insurance": ("front_desk", "/patients/{ida}/insurance", ".claim-layout .facts"),
    "coverage": ("front_desk", "/coverages/{coverage}", "#id_member_id"),
    "authorise": ("front_desk", "/coverages/{coverage}/authorisations/new", "#id_number"),
    "sex and address": ("front_desk", "/patients/{ida}/insurance/details", "#id_sex"),
    "payers": ("biller", "/setup/payers", ".payers-table"),
    "new payer": ("biller", "/setup/payers/new", "#id_payer_id"),
    "claim details": ("manager", "/sites/{site}/filing", ".numbers-table"),
    "numbers of a clinician": ("manager", "/sites/{site}/filing/{ana}", "#id_npi"),
    "month-end": ("biller", "/sites/{site}/billing/months", ".report-card .headline"),
    "receivables": ("biller", "/sites/{site}/billing/months/receivables", ".report-plots svg"),
    "unearned": ("biller", "/sites/{site}/billing/months/unearned", ".empty"),
    "sign-ins": ("administrator", "/sign-ins", ".staff-table"),
    "invite": ("administrator", "/sign-ins/invite?staff={ana}", ".grants"),
    "sites": ("administrator", "/setup/sites", "main h1"),
    "site": ("manager", "/sites/{site}/about", "#opening-title"),
    "new site": ("administrator", "/setup/sites/new", "main form"),
    "organisation": ("administrator", "/setup/organisation", "main form"),
    "rooms": ("manager", "/sites/{site}/rooms", ".rooms-table"),
    "new rooms": ("manager", "/sites/{site}/rooms/new", "main form"),
    "room": ("manager", "/rooms/{room}", "#out-title"),
    "webhooks": ("manager", "/setup/webhooks", ".empty"),
    "new webhook": ("manager", "/setup/webhooks/new", "#id_url"),
    "set-up, the clinic": ("administrator", "/start/clinic", "#id_organisation"),
    "set-up, hours": ("administrator", "/start/hours", ".opening"),
    "set-up, treatments": ("administrator", "/start/protocols", ".start-card"),
    "set-up, rooms": ("administrator", "/start/rooms", ".as-room"),
    "set-up, check": ("administrator", "/start/check", ".start-checks"),
    "no charges yet": ("biller", "/sites/{site}/charges", ".empty"),
    "no packages yet": ("biller", "/sites/{site}/packages", ".empty"),
    "charges": ("biller", "/sites/{billed}/charges", ".charge-table"),
    "change a charge": ("biller", "/charges/{charge}/change", "#id_units"),
    "what was done": ("biller", "/visits/{over}/done", "#id_start_0"),
    "packages": ("biller", "/sites/{billed}/packages", ".packages-table"),
    "sell a package": ("front_desk", "/patients/{per}/package", ".empty"),
    "take a deposit": ("front_desk", "/patients/{per}/deposit", "#id_cents"),
    "sliding scale": ("biller", "/patients/{per}/scale", "#id_percent"),
    "discount": ("biller", "/patients/{per}/discount", "#id_cents"),
    "end a package": ("biller", "/packages/{package}/end", "#id_reason"),
    "no prices yet": ("manager", "/sites/{site}/prices", ".empty"),
    "prices": ("manager", "/sites/{billed}/prices", "table"),
    "price list": ("manager", "/prices/{prices}", "#id_prices"),
    "package offer": ("manager", "/package-offers/{offer}", "#id_cents"),
    "rules about money": ("manager", "/sites/{site}/money-policy", "#id_npi"),
    "estimates": ("front_desk", "/sites/{site}/estimates", ".empty"),
    "documents": ("front_desk", "/patients/{pia}/documents", ".issue-list"),
    "style": ("administrator", "/style", ".swatches"),
    "sign in": ("", "/account/login/", "#id_login"),
    "change password": ("front_desk", "/account/password/change/", "form"),
    "nothing there": ("front_desk", "/patients/999999", "h1"),
}


@pytest.fixture
def things(clinic) -> dict[str, int | str]:
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    pia, per = patient("Pia"), patient("Per")
    proposal = token(pia, version, clinic, kare_times())
    series = book_series(token=proposal, actor=DESK, now=NOW)
    open_draft(key="aud-kare", actor=DESK, now=NOW)
    visit = series.appointments.earliest("starts_at")
    ida = insured("Ida", at_site=clinic)
    charged(ida, clinic)
    (claim,) = make_claims(site=clinic, actor=DESK, now=NOW)
    ana = Staff.objects.get(given_name="Ana")
    off = {"starts_at": at(MONDAY, "12:00"), "ends_at": at(MONDAY, "18:00")}
    ask_time_off(staff=ana.pk, **off, actor=DESK, now=NOW)
    with writing():
        account, legs = open_account(pia), [Leg("receivable", "revenue", 45_000)]
        facts = {"kind": "charge", "site": clinic, "memo": "Visit", "actor": DESK, "now": NOW}
        enter_money(account=account, legs=legs, **facts)
    paid = take_payment(
        patient=pia.pk, site=clinic, method="cash", cents=15_000, key="a", actor=DESK, now=NOW
    )
    _, secret = make_link(patient=pia.pk, site=clinic, cents=30_000, actor=DESK, now=NOW)
    return billed() | {
        "ana": ana.pk,
        "payment": paid.pk,
        "pay": secret,
        "ida": ida.pk,
        "claim": claim.pk,
        "coverage": claim.coverage_id,
        "site": clinic.pk,
        "pia": pia.pk,
        "per": per.pk,
        "series": series.pk,
        "room": Room.objects.filter(site=clinic).earliest("position").pk,
        "visit": visit.pk,
    }


def billed() -> dict[str, int]:
    """A site with prices, and a visit there that was charged to a package."""
    where = site("Alder House")
    listed, sold, per = price_list(where), offer(where), patient("Paz")
    package = sell_package(patient=per, offer=sold, key="sale", actor=DESK, now=NOW)
    began = at(days_after(MONDAY, -7), "09:00")
    inf1 = over(visit(per, where, version=ProtocolVersion.objects.all()[0], starts=began), 20)
    charge = capture_visit(appointment=inf1.pk, now=NOW)[0]
    return {
        "billed": where.pk,
        "prices": listed.pk,
        "offer": sold.pk,
        "package": package.pk,
        "over": inf1.pk,
        "charge": charge.pk,
    }


def barriers(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


ROLES = sorted({role for role, _, _ in PAGES.values()})


@pytest.mark.parametrize("role", ROLES, ids=[role or "nobody" for role in ROLES])
def test_the_pages_of_a_role_have_no_barrier_and_fit_a_phone(
    role, things, enter, context, live_server
):
    page = enter(role or "biller")
    if not role:
        context.clear_cookies()
    found: dict[str, list[str]] = {}
    for name, (whose, path, shown) in PAGES.items():
        if whose != role:
            continue
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(live_server.url + path.format(**things))
        expect(page.locator(shown).first, name).to_be_visible()
        found[name] = barriers(page)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 844})
        found[name] += barriers(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        found[name] += [f"{wide} px wide"] if wide > 390 else []
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_the_open_dialogs_have_no_barrier(things, desk, live_server):
    desk.goto(f"{live_server.url}/patients/{things['pia']}")
    desk.get_by_role("button", name="Cancel the rest").click()
    expect(desk.locator("#modal .going li").first).to_be_visible()
    assert barriers(desk) == []
    desk.keyboard.press("Escape")
    desk.get_by_role("link", name="Screening").click()
    expect(desk.locator("#sheet .facts").first).to_be_visible()
    assert barriers(desk) == []
    desk.keyboard.press("Escape")
    desk.keyboard.press("?")
    expect(desk.get_by_role("heading", name="Shortcuts")).to_be_visible()
    assert barriers(desk) == []
    desk.keyboard.press("Escape")
    desk.keyboard.press("Control+k")
    expect(desk.get_by_role("option", name="Pia Sample")).to_be_visible()
    assert barriers(desk) == []
