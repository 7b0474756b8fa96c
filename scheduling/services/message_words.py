"""The words of messages at a site: written, switched off, and set back to the neutral ones."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError

from clinic.journal import Actor, changes, record, unchanged_since
from clinic.models import Journal, Site
from clinic.transactions import durable
from scheduling.messaging import words
from scheduling.messaging.words import EMAIL, KINDS
from scheduling.models import MessageTemplate
from scheduling.selectors.messages import telling_names

CHANGED = "words.changed"


def words_subject(site: int, kind: str, channel: str) -> str:
    """The journal's subject of one wording."""
    return f"words:{site}.{kind}.{channel}"


@durable
def write_words(
    *,
    site: int,
    kind: str,
    channel: str,
    subject: str,
    body: str,
    active: bool,
    may_tell: bool = False,
    seen: int | None = None,
    actor: Actor,
    now: datetime,
) -> MessageTemplate:
    """Write one kind's words for a channel; what is queued already keeps its own.

    django's ValidationError by field (`may_tell` where the words tell what patients come for and
    nobody has said that they may), ChangedMeanwhile (`seen`). KeyError for an unknown kind.
    """
    place = Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site)
    unchanged_since(seen, words_subject(site, kind, channel))
    subject = " ".join(subject.split()) if channel == EMAIL else ""
    body = body.replace("\r\n", "\n").strip()
    try:
        words.check(kind, channel, subject, body)
    except words.WrongWords as wrong:
        raise ValidationError(wrong.problems) from wrong
    if not may_tell and (telling := words.revealing(f"{subject}\n{body}", telling_names())):
        said = ", ".join(f"“{word}”" for word in telling)
        raise ValidationError({"may_tell": f"{said} may tell others what somebody comes for."})
    found = MessageTemplate.objects.filter(site=place, kind=kind, channel=channel).first()
    was = _facts(found, kind, channel)
    row = found or MessageTemplate(site=place, kind=kind, channel=channel)
    row.subject, row.body, row.active = subject, body, active
    row.updated_by, row.updated_at = actor.name, now
    before, after = changes(was, _facts(row, kind, channel))
    if after:
        row.save()
        _tell(place, kind, channel, before, after | {"may_tell": may_tell}, actor, now)
    return row


@durable
def reset_words(*, site: int, kind: str, channel: str, actor: Actor, now: datetime) -> bool:
    """The neutral words again; False where they are in use already."""
    place = Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site)
    found = MessageTemplate.objects.filter(site=place, kind=kind, channel=channel).first()
    if found is None:
        return False
    before, after = changes(_facts(found, kind, channel), _facts(None, kind, channel))
    found.delete()
    _tell(place, kind, channel, before, after, actor, now)
    return True


def versions(site: int, kind: str, channel: str) -> list[Journal]:
    """Every change of one wording, newest first."""
    rows = Journal.objects.filter(subject=words_subject(site, kind, channel), action=CHANGED)
    return list(rows.order_by("-pk"))


def _facts(row: MessageTemplate | None, kind: str, channel: str) -> dict[str, object]:
    if row is None:
        ours = KINDS[kind].wording(channel)
        return {"subject": ours.subject, "body": ours.body, "active": True}
    return {"subject": row.subject, "body": row.body, "active": row.active}


def _tell(
    site: Site,
    kind: str,
    channel: str,
    before: dict[str, object],
    after: dict[str, object],
    actor: Actor,
    now: datetime,
) -> None:
    record(
        actor=actor,
        now=now,
        action=CHANGED,
        subject=words_subject(site.pk, kind, channel),
        site=site,
        before=before,
        after=after,
    )
