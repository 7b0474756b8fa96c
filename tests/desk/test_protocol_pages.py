"""Protocols in the browser's eyes: what the editor shows it keeps, and no typing is too strange."""

from html.parser import HTMLParser

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic.models import Grant, User
from scheduling import catalogue
from scheduling.models import Protocol, ProtocolDraft, ProtocolVersion
from scheduling.services.drafting import open_draft, write_part
from tests.cast import DESK, NOW, protocol

pytestmark = pytest.mark.django_db
STARTERS = catalogue.starters()


class Form(HTMLParser):
    """What a browser would post of the editor's form."""

    def __init__(self, page):
        super().__init__()
        self.fields, self.inside, self.select, self.area = [], False, "", None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == "part-form"
        if not self.inside:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.fields.append((given.get("name"), given.get("value", "on")))
        elif tag == "select":
            self.select = given["name"]
            self.first = True
        elif tag == "option" and self.select:
            if self.first:
                self.fields.append((self.select, given["value"]))
            elif "selected" in given:
                self.fields[-1] = (self.select, given["value"])
            self.first = False
        elif tag == "textarea":
            self.area = given["name"]
            self.fields.append((self.area, ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False
        self.select = "" if tag == "select" else self.select
        self.area = None if tag == "textarea" else self.area

    def handle_data(self, data):
        if self.inside and self.area:
            self.fields[-1] = (self.area, self.fields[-1][1] + data)

    def post(self, **other):
        body: dict[str, list[str]] = {}
        for name, value in self.fields:
            body.setdefault(name, []).append(value)
        return {**body, **{name.replace("__", "."): value for name, value in other.items()}}


def browser(role="prescriber"):
    user = User.objects.create(username=role, email=f"{role}@clinic.example", first_name="Priya")
    Grant.objects.create(user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def priya():
    with time_machine.travel(NOW, tick=False):
        yield browser()


@pytest.fixture
def kare(priya):
    protocol("aud-kare")
    priya.post("/protocols/aud-kare/edit")
    return "/protocol-drafts/aud-kare"


def form_of(client, url):
    return Form(client.get(url).content.decode())


def step(key="inf2"):
    steps = ProtocolDraft.objects.get(key="aud-kare").definition["steps"]
    return next(one for one in steps if one["key"] == key)


@pytest.mark.parametrize("key", STARTERS)
def test_the_editor_keeps_every_part_of_a_starter_as_it_is(priya, key):
    protocol(key)
    draft = open_draft(key=key, actor=DESK, now=NOW)
    parts = ["part=course", "part=after"]
    parts += [f"step={one['key']}" for one in draft.definition["steps"][:9]]
    for part in parts:
        url = f"/protocol-drafts/{key}?{part}"
        assert priya.post(url, form_of(priya, url).post()).status_code == 302
    kept = ProtocolDraft.objects.get(key=key)
    assert kept.definition == STARTERS[key].definition
    assert kept.revision == 1


def test_what_makes_no_sense_is_kept_and_told_beside_its_field(priya, kare):
    form = form_of(priya, f"{kare}?step=inf2")
    typed = form.post(gaps__0__limits__0="soon", phases__0__minutes="", name="")
    answer = priya.post(kare, typed, HTTP_HX_REQUEST="true")
    assert answer.status_code == 200
    assert "not soon" in answer.content.decode()
    assert step()["gaps"][0]["days"] == ["soon", 8]
    assert step()["name"] == ""
    page = priya.get(f"{kare}?step=inf2").content.decode()
    assert 'value="soon"' in page
    assert "Write a text here." in page


def test_windows_that_cannot_hold_are_explained_while_typing(priya, kare):
    form = form_of(priya, f"{kare}?step=th3")
    typed = form.post(gaps__0__anchor="inf1", gaps__0__limits__0="1", gaps__0__limits__1="5")
    priya.post(kare, typed)
    form = form_of(priya, f"{kare}?step=th3")
    added = form.post(act="add:gaps")
    form = Form(priya.post(kare, added, follow=True).content.decode())
    typed = form.post(
        gaps__1__anchor="inf2", gaps__1__limits__0="1", gaps__1__limits__1="2", gaps__1__unit="days"
    )
    said = priya.post(kare, typed, HTTP_HX_REQUEST="true").content.decode()
    assert "but Therapy 3 is at most 5 days after Infusion 1. That cannot be, by 2 days" in said
    assert "window impossible" in said
    refused = priya.get(f"{kare}/version").content.decode()
    assert "to put right first" in refused
    assert "Make version" not in refused


@pytest.mark.parametrize(
    "typed",
    ["\x00", "😀" * 40, "x" * 10_000, "-999999999", "٣", "<script>", "1e9", "'; drop", "−3"],
)
@pytest.mark.parametrize(
    "field", ["name", "kind", "gaps.0.limits.1", "gaps.0.anchor", "phases.0.minutes", "weekdays"]
)
def test_no_typing_is_too_strange(priya, kare, field, typed):
    form = form_of(priya, f"{kare}?step=inf2").post()
    answer = priya.post(kare, {**form, field: typed}, HTTP_HX_REQUEST="true")
    assert answer.status_code == 200
    assert priya.get(f"{kare}?step=inf2").status_code == 200
    assert priya.get(f"{kare}/version").status_code == 200
    assert priya.get(f"{kare}/sample?d0=2026-12-14", HTTP_HX_REQUEST="true").status_code == 200


@pytest.mark.parametrize(
    "act",
    [
        *("add:", "add:steps", "remove:phases.99", "remove:phases.x", "up:gaps.0", "up:", "mine:"),
        *(
            "remove:name.0",
            "add:phases.0.roles",
            "add:phases.7.roles",
            "remove:phases.0",
            "nothing",
        ),
        *("mine:x:y", "remove-step", "earlier", "later", "copy-step", "add-step"),
    ],
)
def test_no_button_breaks_a_draft(priya, kare, act):
    form = form_of(priya, f"{kare}?step=inf2").post(act=act)
    assert priya.post(kare, form, follow=True).status_code in (200, 409)
    assert priya.get(kare).status_code == 200


@pytest.mark.parametrize("act", ["remove-step", "copy-step", "earlier", "later"])
def test_what_is_no_step_is_not_there_to_be_moved(priya, kare, act):
    form = form_of(priya, f"{kare}?part=course").post(act=act)
    assert priya.post(kare, form).status_code == 404


def test_a_step_is_added_duplicated_moved_and_removed(priya, kare):
    def act(name, key):
        form = form_of(priya, f"{kare}?step={key}").post(act=name)
        priya.post(kare, form)
        return [one["key"] for one in ProtocolDraft.objects.get(key="aud-kare").definition["steps"]]

    before = act("nothing", "th7")
    assert act("copy-step", "th7") == [*before, "th8"]
    assert step("th8")["name"] == "Therapy 8"
    assert act("earlier", "th8")[-2:] == ["th8", "th7"]
    assert act("remove-step", "th8") == before
    assert act("add-step", "screening")[:2] == ["screening", "th8"]


def test_the_second_of_two_who_write_the_same_part_is_told_and_keeps_what_they_typed(priya, kare):
    form = form_of(priya, f"{kare}?step=inf2")
    theirs = step() | {"name": "Second infusion"}
    write_part(
        key="aud-kare", part="step:inf2", value=theirs, revision=1, was="", actor=DESK, now=NOW
    )
    answer = priya.post(kare, form.post(name="Infusion two"), HTTP_HX_REQUEST="true")
    said = answer.content.decode()
    assert answer.status_code == 409
    assert "changed this part while you were typing" in said
    assert "theirs Second infusion, yours Infusion two" in said
    assert step()["name"] == "Second infusion"
    keep = said.split('value="mine:')[1].split('"')[0]
    priya.post(kare, form.post(name="Infusion two", act=f"mine:{keep}"))
    assert step()["name"] == "Infusion two"


def test_two_who_write_different_parts_both_keep_theirs(priya, kare):
    form = form_of(priya, f"{kare}?step=inf2")
    theirs = step("inf3") | {"name": "Third infusion"}
    write_part(
        key="aud-kare", part="step:inf3", value=theirs, revision=1, was="", actor=DESK, now=NOW
    )
    answer = priya.post(kare, form.post(name="Infusion two"), HTTP_HX_REQUEST="true")
    assert "wrote in other parts of this draft meanwhile" in answer.content.decode()
    assert (step("inf2")["name"], step("inf3")["name"]) == ("Infusion two", "Third infusion")


def test_a_step_that_somebody_removed_meanwhile_is_told(priya, kare):
    form = form_of(priya, f"{kare}?step=th7").post()
    priya.post(kare, {**form, "act": "remove-step"})
    answer = priya.post(kare, form, HTTP_HX_REQUEST="true")
    assert "removed this step meanwhile" in answer.content.decode()


def test_a_file_with_mistakes_is_told_by_its_lines_and_kept_in_the_form(priya):
    text = catalogue.write([STARTERS["aud-kare"].definition]).replace("minutes: 40", "minutes: x")
    answer = priya.post("/protocol-import", {"text": text})
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "whole number of minutes from 1 to 720, not x" in said
    assert "minutes: x" in said
    assert not Protocol.objects.exists()
    good = priya.post("/protocol-import", {"text": text.replace("minutes: x", "minutes: 40")})
    assert good.status_code == 302
    exported = priya.get("/protocols/aud-kare.yaml").content.decode()
    assert catalogue.read(exported)[0].definition == STARTERS["aud-kare"].definition


@pytest.mark.parametrize("text", ["", "\x00", "a: [", "- - -", "key: 1", "😀" * 500])
def test_a_file_that_is_none_is_refused_in_words(priya, text):
    assert priya.post("/protocol-import", {"text": text}).status_code == 422


def test_a_copy_begins_a_protocol_of_its_own(priya):
    protocol("aud-kare")
    wrong = priya.post("/protocol-new", {"name": "Evening", "key": "Ev ening", "source": ""})
    assert "Use small letters" in wrong.content.decode()
    taken = {"name": "Evening", "key": "aud-kare", "source": "ours:aud-kare"}
    assert "has this key already" in priya.post("/protocol-new", taken).content.decode()
    assert priya.post("/protocol-new", {**taken, "key": "evening"}).status_code == 302
    made = priya.get("/protocol-drafts/evening/version").content.decode()
    assert "This makes version 1 of evening" in made


def test_a_prescriber_reviews_and_takes_it_back_and_a_manager_may_not(priya):
    protocol("aud-kare")
    assert "Review before use" in priya.get("/protocols/aud-kare").content.decode()
    priya.post("/protocols/aud-kare/review", {"version": 1})
    assert "Reviewed by <b>Priya</b>" in priya.get("/protocols/aud-kare").content.decode()
    mara = browser("manager")
    assert mara.post("/protocols/aud-kare/review", {"version": 1}).status_code == 403
    assert ProtocolVersion.objects.get().reviewed_by == "Priya"
    priya.post("/protocols/aud-kare/review", {"version": 1, "take_back": "yes"})
    assert ProtocolVersion.objects.get().reviewed_by == ""


@pytest.mark.parametrize("key", STARTERS)
def test_every_starter_has_a_page_that_says_its_windows(priya, key):
    protocol(key)
    said = priya.get(f"/protocols/{key}").content.decode()
    for one in STARTERS[key].definition["steps"]:
        assert f'id="step-{one["key"]}"' in said
    sampled = priya.get(f"/protocols/{key}/sample?d0=2026-12-14").content.decode()
    assert "from" in sampled
    assert "No dates fit" not in sampled


def test_the_list_asks_as_much_of_many_protocols_as_of_one(priya):
    protocol("aud-kare")
    priya.get("/protocols")
    with CaptureQueriesContext(
        connection,
    ) as few:
        priya.get("/protocols")
    for number in range(60):
        parent = Protocol.objects.create(key=f"kare-{number}")
        ProtocolVersion.objects.create(
            protocol=parent,
            version=1,
            name=f"Kare {number}",
            definition=STARTERS["aud-kare"].definition,
            created_at=NOW,
        )
    with CaptureQueriesContext(connection) as many:
        assert priya.get("/protocols").status_code == 200
    assert len(many) == len(few) <= 20
