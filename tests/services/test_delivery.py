"""Messages leave once: what a server refuses, loses or takes too long over is never sent twice."""

from __future__ import annotations

import json
import smtplib
import threading
from datetime import timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.locmem import EmailBackend

from clinic.models import Journal
from scheduling.models import Message, Offer, WaitlistEntry
from scheduling.services import delivery, messages
from scheduling.services.booking import book_visit
from scheduling.services.cancelling import cancel_visit
from scheduling.tokens import link_secret
from tests.cast import DESK, MONDAY, NOW, at, house, patient, protocol

pytestmark = pytest.mark.django_db

BY = {"actor": DESK, "now": NOW}
SOON = NOW + timedelta(minutes=3)
WAYS = "scheduling.messaging.adapters."


@pytest.fixture(autouse=True)
def ways(settings, tmp_path):
    settings.MESSAGE_SPOOL = tmp_path / "spool"
    settings.MESSAGE_WAYS = {"email": WAYS + "smtp.Smtp", "text": WAYS + "http.HttpText"}
    settings.PUBLIC_URL = "https://clinic.example"
    return settings


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def pia():
    return patient("Pia", email="pia@example.com", phone="+16175550123")


@pytest.fixture
def visit(clinic, pia):
    tomorrow = at(MONDAY + timedelta(days=1), "09:00")
    return book_visit(
        patient=pia, site=clinic, version=protocol(), step="inf1", starts_at=tomorrow, **BY
    )


@pytest.fixture
def message(visit):
    messages.catch_up(within=timedelta(hours=1), now=NOW)
    return Message.objects.get()


class Unwilling(EmailBackend):
    """A mail server that answers with an error, as long as there is one."""

    error: Exception | None = None

    def send_messages(self, email_messages):
        if self.error:
            raise self.error
        return super().send_messages(email_messages)


@pytest.fixture
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.Unwilling"
    return lambda error: monkeypatch.setattr(Unwilling, "error", error)


@pytest.fixture
def texts(settings):
    """A text service that keeps what it is asked and answers what it is told to."""

    class Service(BaseHTTPRequestHandler):
        asked: list[tuple[str, dict]] = []
        answers: list[int] = []

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.asked.append((self.headers["Idempotency-Key"], body))
            assert self.headers["Authorization"] == "Bearer secret"
            self.send_response(self.answers.pop(0) if self.answers else 201)
            self.end_headers()
            self.wfile.write(b'{"id": "SM1"}')

        def log_message(self, *_):
            pass

    running = HTTPServer(("127.0.0.1", 0), Service)
    settings.SMS_URL, settings.SMS_TOKEN = f"http://127.0.0.1:{running.server_port}/", "secret"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Service
    running.shutdown()
    running.server_close()
    thread.join()


def send(now=SOON, dice=0.0):
    return delivery.send_due(clock=lambda: now, dice=lambda: dice)


def stands(message):
    message.refresh_from_db()
    return message.state


def test_an_e_mail_leaves_with_its_invitation_beside_the_words(message):
    assert send() == 1
    [letter] = mail.outbox
    parsed = message_from_bytes(letter.message().as_bytes())
    [part] = [one for one in parsed.walk() if one.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    assert "METHOD:REQUEST" in part.get_payload(decode=True).decode()
    assert letter.to == ["pia@example.com"]
    assert parsed["Message-ID"] == f"<{delivery.outgoing(message).id}@localhost>"
    assert stands(message) == "sent"


def test_nothing_leaves_before_its_time(message):
    assert send(NOW + timedelta(minutes=1)) == 0


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (smtplib.SMTPRecipientsRefused({"pia@example.com": (550, b"no such user")}), "failed"),
        (smtplib.SMTPRecipientsRefused({"pia@example.com": (451, b"greylisted")}), "queued"),
        (smtplib.SMTPDataError(554, b"spam"), "failed"),
        (smtplib.SMTPServerDisconnected("closed"), "unknown"),
        (TimeoutError(), "unknown"),
    ],
)
def test_what_a_mail_server_answers_decides_what_becomes_of_it(message, server, error, state):
    server(error)
    send()
    assert stands(message) == state
    assert "pia" not in message.reason


def test_it_is_tried_again_ever_later_until_it_is_of_no_use(message, server):
    server(smtplib.SMTPDataError(451, b"busy"))
    now, pauses = SOON, []
    while stands(message) == "queued":
        send(now)
        message.refresh_from_db()
        pauses.append(round((message.due_at - now).total_seconds() / 60))
        now = message.due_at
    assert pauses[:5] == [1, 5, 30, 120, 360]
    assert message.state == "failed"
    assert now >= message.not_after


def test_attempts_are_spread(message, server):
    server(smtplib.SMTPDataError(451, b"busy"))
    send(dice=1.0)
    message.refresh_from_db()
    assert message.due_at - SOON == timedelta(seconds=75)


def test_an_e_mail_whose_worker_died_is_unknown_and_only_the_desk_sends_it_again(message):
    delivery.take_next(now=SOON)
    assert send(SOON + timedelta(minutes=1)) == 0
    assert stands(message) == "sending"
    later = SOON + timedelta(minutes=3)
    assert send(later) == 0
    assert stands(message) == "unknown"
    again = delivery.send_again(message=message.pk, actor=DESK, now=later)
    assert send(later) == 1
    assert (stands(again), stands(message), len(mail.outbox)) == ("sent", "unknown", 1)
    with pytest.raises(delivery.NotSendable):
        delivery.send_again(message=message.pk, actor=DESK, now=later)
    assert Journal.objects.filter(action="message.sent_again").count() == 1


def test_a_worker_that_was_only_slow_still_says_that_it_was_sent(message):
    taken = delivery.take_next(now=SOON)
    later = SOON + timedelta(minutes=3)
    delivery.give_up_lost(now=later)
    assert delivery.note_sent(
        message=message.pk, attempt=taken.message.attempts, reference="", now=later
    )
    assert stands(message) == "sent"


def test_a_text_whose_worker_died_is_asked_again_by_the_same_id(visit, pia, texts):
    pia.no_email = True
    pia.save()
    messages.catch_up(within=timedelta(hours=1), now=NOW)
    taken = delivery.take_next(now=SOON)
    taken.adapter.send(delivery.outgoing(taken.message))
    assert send(SOON + timedelta(minutes=3)) == 1
    keys = {key for key, _ in texts.asked}
    assert (len(texts.asked), len(keys)) == (2, 1)
    message = Message.objects.get()
    assert (message.state, message.receipt) == ("sent", "SM1")
    assert texts.asked[0][1]["to"] == "+16175550123"


@pytest.mark.parametrize(("code", "state"), [(400, "failed"), (429, "queued"), (503, "queued")])
def test_what_a_text_service_answers_decides_what_becomes_of_it(visit, pia, texts, code, state):
    pia.no_email = True
    pia.save()
    messages.catch_up(within=timedelta(hours=1), now=NOW)
    texts.answers.append(code)
    send()
    assert Message.objects.get().state == state


def test_who_opts_out_before_it_leaves_is_not_written_to(message, pia):
    pia.no_email = True
    pia.save()
    assert send() == 0
    assert stands(message) == "suppressed"
    with pytest.raises(ValidationError, match="call"):
        delivery.send_again(message=message.pk, actor=DESK, now=SOON)
    delivery.settle(message=message.pk, actor=DESK, now=SOON)
    assert stands(message) == "suppressed"
    assert message.settled_by == DESK.name


def test_an_address_corrected_before_it_leaves_is_the_one_used(message, pia):
    pia.email = "pia@new.example"
    pia.save()
    send()
    assert mail.outbox[0].to == ["pia@new.example"]


def test_news_that_is_old_when_it_is_to_leave_is_told_as_it_is_now(message, visit):
    cancel_visit(appointment=visit.pk, reason="clinic", **BY)
    assert send() == 0
    assert stands(message) == "withdrawn"
    assert mail.outbox == []


def test_a_demos_messages_never_leave_the_machine(visit, pia, ways, caplog):
    pia.is_demo = True
    pia.save()
    messages.catch_up(within=timedelta(hours=1), now=NOW)
    with caplog.at_level("INFO"):
        assert send() == 1
    assert mail.outbox == []
    [file] = ways.MESSAGE_SPOOL.iterdir()
    assert b"pia@example.com" in file.read_bytes()
    assert oct(file.stat().st_mode)[-3:] == "600"
    assert "pia" not in caplog.text.lower()


def test_the_spool_keeps_one_file_however_often_it_is_asked(message, ways):
    ways.MESSAGE_WAYS = {"email": WAYS + "spool.Spool"}
    taken = delivery.take_next(now=SOON)
    for _ in range(2):
        taken.adapter.send(delivery.outgoing(taken.message))
    assert len(list(ways.MESSAGE_SPOOL.iterdir())) == 1


def test_a_link_is_made_when_it_leaves_and_is_nowhere_in_the_database(clinic, pia, ways):
    offer, entry = offered(clinic, pia)
    assert messages.queue_for(entry, now=NOW) == 2
    assert messages.queue_for(entry, now=NOW) == 0
    row = Message.objects.get(channel="email")
    assert "{link}" in row.body
    assert "8:00 AM" in row.body
    Message.objects.filter(channel="text").delete()
    assert send(NOW) == 1
    secret = link_secret("offer", offer.pk)
    assert f"https://clinic.example/offers/{secret}" in mail.outbox[0].body
    assert not Message.objects.filter(body__contains=secret).exists()


def test_an_offer_that_is_over_is_not_sent(clinic, pia):
    offer, entry = offered(clinic, pia)
    messages.queue_for(entry, now=NOW)
    Offer.objects.filter(pk=offer.pk).update(state="withdrawn")
    assert send(NOW) == 0
    assert {row.state for row in Message.objects.all()} == {"withdrawn"}


def offered(clinic, pia):
    """A place held for Pia, and the journal row that tells of it."""
    start = at(MONDAY + timedelta(days=1), "09:00")
    wait = WaitlistEntry.objects.create(
        patient=pia,
        site=clinic,
        protocol_version=protocol(),
        not_before=MONDAY,
        not_after=MONDAY + timedelta(days=7),
        created_by="dora",
        created_at=NOW,
        updated_at=NOW,
    )
    offer = Offer.objects.create(
        entry=wait,
        secret_hash="x",
        draft={},
        starts_at=start,
        ends_at=start + timedelta(hours=2),
        expires_at=NOW + timedelta(hours=1),
        created_at=NOW,
    )
    entry = Journal.objects.create(
        at=NOW,
        actor="Chairtime",
        door="task",
        action="offer.made",
        subject=f"offer:{offer.pk}",
        site=clinic,
        after={"entry": wait.pk, "patient": pia.pk},
    )
    return offer, entry
