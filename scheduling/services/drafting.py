"""Protocols written in the browser: a draft kept as typed, its next version, and its review.

A draft is written in parts: `course`, `after`, or `step:<key>`. Somebody who saves a part says
which revision of the draft they had, and what the part was then: where another person changed
other parts meanwhile both are kept, and where they changed the same part the second is told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from clinic import journal
from clinic.journal import Actor
from clinic.transactions import durable
from scheduling import catalogue
from scheduling.catalogue import Document, Problem
from scheduling.catalogue.drafts import part_of, with_part
from scheduling.models import Protocol, ProtocolDraft, ProtocolVersion
from scheduling.services.catalogue import Imported, UnknownProtocolKey, keep, one_writer_at_a_time

LARGEST_DRAFT = 500_000


class UnknownDraft(Exception):
    """There is no such draft; somebody made a version of it or threw it away."""


class DraftTooLong(Exception):
    """More than a protocol can hold."""


class DraftNotReady(Exception):
    """What is written does not make a protocol yet; `problems` say why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.problems = problems


class PartChanged(Exception):
    """Somebody else changed the same part meanwhile; `draft` is as they left it."""

    def __init__(self, draft: ProtocolDraft) -> None:
        super().__init__(f"{draft.updated_by} changed this part while you were typing.")
        self.draft = draft


class DraftMoved(Exception):
    """The draft, or the newest version, is not the one that was looked at."""


class KeyTaken(Exception):
    """A protocol or a draft has this key already."""


def digest(part: Any) -> str:
    """What a form carries to say which words it began from."""
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:16]


@durable
def open_draft(*, key: str, actor: Actor, now: datetime) -> ProtocolDraft:
    """The draft of a protocol's next version: the one begun already, or a new one."""
    one_writer_at_a_time()
    if found := ProtocolDraft.objects.filter(key=key).first():
        return found
    newest = ProtocolVersion.objects.filter(protocol__key=key).order_by("-version").first()
    if newest is None:
        raise UnknownProtocolKey(key)
    return _begin(key, newest.definition, newest, actor, now)


@durable
def draft_new(
    *, key: str, name: str, definition: Mapping[str, Any], actor: Actor, now: datetime
) -> ProtocolDraft:
    """A draft of a new protocol that begins as another one; KeyTaken."""
    one_writer_at_a_time()
    taken = Protocol.objects.filter(key=key).exists()
    if taken or ProtocolDraft.objects.filter(key=key).exists():
        raise KeyTaken(key)
    return _begin(key, {**definition, "key": key, "name": name}, None, actor, now)


@durable
def write_part(
    *, key: str, part: str, value: Any, revision: int, was: str, actor: Actor, now: datetime
) -> ProtocolDraft:
    """Keep one part as it was typed, sense or not. PartChanged, UnknownDraft, DraftTooLong."""
    draft = _locked(key)
    there = part_of(draft.definition, part)
    if there == value:
        return draft
    if draft.revision != revision and digest(there) != was:
        raise PartChanged(draft)
    return _kept(draft, with_part(draft.definition, part, value), actor, now)


@durable
def rearrange(
    *,
    key: str,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    actor: Actor,
    now: datetime,
) -> ProtocolDraft:
    """Add, move or remove something: `change` gives the draft anew from what it is now."""
    draft = _locked(key)
    return _kept(draft, change(draft.definition), actor, now)


@durable
def discard_draft(*, key: str, actor: Actor, now: datetime) -> None:
    """Forget what was written; versions stay as they are."""
    draft = _locked(key)
    journal.record(
        actor=actor,
        now=now,
        action="protocol.draft_discarded",
        subject=f"protocol_draft:{key}",
        before={"revision": draft.revision},
    )
    draft.delete()


@durable
def make_version(*, key: str, revision: int, newest: int, actor: Actor, now: datetime) -> Imported:
    """The draft as the next version; running series keep theirs. The draft is then gone.

    `revision` and `newest` (0: none) are the draft and the version that were compared: DraftMoved
    when either is another one by now. DraftNotReady with what is wrong; nothing is written then.
    """
    one_writer_at_a_time()
    draft = _locked(key)
    versions = ProtocolVersion.objects.filter(protocol__key=key).order_by("-version")
    if draft.revision != revision or (versions.values_list("version", flat=True).first() or 0) != (
        newest
    ):
        raise DraftMoved(key)
    checked = catalogue.check(draft.definition)
    if checked.definition is None:
        raise DraftNotReady(checked.problems)
    document = Document(key, checked.definition["name"], 1, checked.definition)
    done = keep(document, actor=actor, now=now, action="protocol.written")
    draft.delete()
    return done


@durable
def review_version(
    *, key: str, version: int, reviewer: str, reviewed: bool = True, actor: Actor, now: datetime
) -> ProtocolVersion:
    """A clinician says that a version may be used, or takes that back. UnknownProtocolKey."""
    rows = ProtocolVersion.objects.select_for_update(of=("self",), no_key=True)
    row = rows.filter(protocol__key=key, version=version).first()
    if row is None:
        raise UnknownProtocolKey(key)
    if bool(row.reviewed_by) == reviewed:
        return row
    before = {"version": version, "reviewed_by": row.reviewed_by}
    row.reviewed_by = reviewer[:150] if reviewed else ""
    row.reviewed_at = now if reviewed else None
    row.save(update_fields=["reviewed_by", "reviewed_at"])
    journal.record(
        actor=actor,
        now=now,
        action="protocol.reviewed" if reviewed else "protocol.review_withdrawn",
        subject=f"protocol:{row.protocol_id}",
        before=before,
        after={"version": version, "reviewed_by": row.reviewed_by},
    )
    return row


def _begin(
    key: str,
    definition: Mapping[str, Any],
    based_on: ProtocolVersion | None,
    actor: Actor,
    now: datetime,
) -> ProtocolDraft:
    draft = ProtocolDraft.objects.create(
        key=key,
        based_on=based_on,
        definition=dict(definition),
        updated_by=actor.name,
        updated_at=now,
    )
    journal.record(
        actor=actor,
        now=now,
        action="protocol.draft_begun",
        subject=f"protocol_draft:{key}",
        after={"based_on": based_on.version if based_on else None},
    )
    return draft


def _locked(key: str) -> ProtocolDraft:
    rows = ProtocolDraft.objects.select_for_update(of=("self",), no_key=True)
    draft = rows.filter(key=key).first()
    if draft is None:
        raise UnknownDraft(key)
    return draft


def _kept(
    draft: ProtocolDraft, definition: dict[str, Any], actor: Actor, now: datetime
) -> ProtocolDraft:
    if len(json.dumps(definition)) > LARGEST_DRAFT:
        raise DraftTooLong(draft.key)
    draft.definition = definition
    draft.revision += 1
    draft.updated_by, draft.updated_at = actor.name, now
    draft.save(update_fields=["definition", "revision", "updated_by", "updated_at"])
    return draft
