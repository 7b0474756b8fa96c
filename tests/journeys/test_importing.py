"""A list from another program, brought in by the desk."""

from playwright.sync_api import expect

from clinic.models import Patient
from tests.journeys.test_everybody_can_use_it import barriers

LIST = (
    "Klient,Last name,DOB,Mobile\n"
    "Nora,Newcomb,1990-05-17,617 555 0123\n"
    "Nils,Newcomb,1990-02-30,none\n"
)


def test_the_desk_repairs_a_list_and_imports_it(desk, live_server, clinic):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/import")
    upload = {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    desk.get_by_label("File").set_input_files(upload)
    desk.get_by_role("button", name="Look at it").click()
    expect(desk.locator("#preview")).to_contain_text("No column holds given name yet.")
    desk.get_by_label("Klient").select_option("Given name (needed)")
    fault = desk.get_by_role("row", name="There is no such day: 1990-02-30.")
    expect(fault).to_contain_text("DOB")
    assert barriers(desk) == []
    desk.set_viewport_size({"width": 390, "height": 844})
    assert desk.evaluate("document.documentElement.scrollWidth") <= 390
    repaired = LIST.replace("02-30", "02-28").replace("none", "617 555 0124").encode()
    desk.get_by_label("The file was repaired").set_input_files(upload | {"buffer": repaired})
    desk.get_by_role("button", name="Read it").click()
    desk.get_by_role("button", name="Import 2 rows").click()
    expect(desk.get_by_text("Imported: 2 patients added.")).to_be_visible()
    assert Patient.objects.filter(family_name="Newcomb").count() == 2
