"""The log of messages and the words of a site, as people at the desk meet them."""

from __future__ import annotations

import pytest
import time_machine

from clinic.models import Journal
from scheduling.messaging.words import CHANNELS, KINDS, check, revealing
from scheduling.models import Message, MessageTemplate
from tests.cast import NOW, patient, protocol, site
from tests.desk.browsers import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def juniper():
    return site()


@pytest.fixture
def failed(juniper):
    return Message.objects.create(
        key="booked:1:email",
        kind="booked",
        channel="email",
        patient=patient("Pia", phone="+16175550123", email="pia@example.com", home_site=juniper),
        site=juniper,
        to="pia@example.com",
        subject="Your appointments",
        body="Hello, see {link}",
        state="failed",
        reason="The mail server refuses it (code 550).",
        due_at=NOW,
        created_at=NOW,
    )


def text(page):
    return page.content.decode()


def test_who_could_not_be_written_to_stands_first_with_the_number_to_call(juniper, failed):
    desk = person("front_desk")
    listed = text(desk.get(f"/sites/{juniper.pk}/messages"))
    assert "(617) 555-0123" in listed
    desk.post(f"/messages/{failed.pk}/settled")
    assert "(617) 555-0123" not in text(desk.get(f"/sites/{juniper.pk}/messages"))
    assert Journal.objects.get(action="message.settled").subject == f"message:{failed.pk}"


def test_it_is_sent_again_as_a_message_of_its_own(juniper, failed):
    person("front_desk").post(f"/messages/{failed.pk}/again")
    assert Message.objects.get(state="queued").key == f"again:{failed.pk}:email"


def test_who_may_not_see_names_sees_no_address_and_no_number(juniper, failed):
    manager = person("manager")
    for address in (f"/sites/{juniper.pk}/messages", f"/messages/{failed.pk}"):
        shown = text(manager.get(address))
        assert "P. S." in shown
        assert "Sample" not in shown
        assert "pia@" not in shown
        assert "555-0123" not in shown


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_words_to_start_with_reveal_nothing_and_pass_their_own_check(kind, channel):
    wording = KINDS[kind].wording(channel)
    check(kind, channel, wording.subject, wording.body)
    assert revealing(f"{wording.subject}\n{wording.body}") == []


def test_words_that_reveal_are_saved_only_on_purpose_and_can_be_taken_back(juniper):
    protocol("aud-kare")
    manager = person("manager")
    address = f"/sites/{juniper.pk}/message-words/reminder/email"
    said = {"subject": "Reminder", "body": "Your AUD infusion: {visits}", "active": "on"}
    shown = text(manager.post(f"{address}/preview", said))
    assert "<b>AUD</b>" in shown
    assert "<b>infusion</b>" in shown
    refused = manager.post(address, said)
    assert refused.status_code == 422
    assert not MessageTemplate.objects.exists()
    assert manager.post(address, said | {"may_tell": "on"}).status_code == 302
    assert MessageTemplate.objects.get().body == "Your AUD infusion: {visits}"
    version = Journal.objects.get(action="words.changed")
    assert "we expect you at" in text(manager.get(f"{address}?version={version.pk}"))
    manager.post(f"{address}/reset")
    assert not MessageTemplate.objects.exists()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("We expect you, {name}: {visits}", "There is no field {name} here"),
        ("We expect you soon.", "does not say when"),
    ],
)
def test_words_that_cannot_be_sent_are_refused_beside_the_field(juniper, body, error):
    address = f"/sites/{juniper.pk}/message-words/reminder/text"
    refused = person("manager").post(address, {"body": body, "active": "on"})
    assert refused.status_code == 422
    assert error in text(refused)
