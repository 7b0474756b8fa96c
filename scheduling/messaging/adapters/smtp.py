"""E-mail by django.core.mail, with the invitations beside the words (RFC 6047)."""

from __future__ import annotations

import smtplib
from email.mime.text import MIMEText
from typing import ClassVar

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from scheduling.messaging import itip
from scheduling.messaging.adapters.ways import NotAccepted, Outgoing, Receipt, Unsure

REFUSED_FOR_GOOD = range(500, 600)


class Smtp:
    """A server that is asked twice sends twice, so that one that fell silent leaves it unknown."""

    repeatable: ClassVar[bool] = False

    def send(self, message: Outgoing) -> Receipt:
        mail = as_mail(message)
        connection = get_connection()
        connection.open()
        try:
            connection.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refused(min(codes, default=500)) from error
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code) from error
        except OSError as error:
            raise Unsure("The mail server fell silent while it took the message.") from error
        finally:
            connection.close()
        return Receipt(str(mail.extra_headers["Message-ID"]))


class MailNotTaken(Exception):
    """The mail server says: not now."""


def as_mail(message: Outgoing) -> EmailMultiAlternatives:
    """Words, then one part an invitation, each with its method in the header."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.to],
        headers={
            "Message-ID": f"<{message.id}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    for number, (method, document) in enumerate(itip.objects(message.calendar), start=1):
        part = MIMEText(document, "calendar", "utf-8")
        part.set_param("method", method)
        part.set_param("component", "VEVENT")
        part.add_header("Content-Disposition", "attachment", filename=f"appointment-{number}.ics")
        mail.attach(part)
    return mail


def _refused(code: int) -> Exception:
    if code in REFUSED_FOR_GOOD:
        return NotAccepted(f"The mail server refuses it (code {code}).")
    return MailNotTaken(f"The mail server cannot take it now (code {code}).")
