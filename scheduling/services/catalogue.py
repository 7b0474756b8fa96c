"""Protocols in and out of the database: the only writer of protocols and their versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import connection
from django.db.models import F

from clinic import journal
from clinic.journal import Actor
from clinic.transactions import durable
from scheduling import catalogue
from scheduling.catalogue import Document
from scheduling.models import Protocol, ProtocolVersion


class UnknownProtocolKey(Exception):
    """No protocol has this key."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did to one protocol; `version` is the one that new series will run on."""

    key: str
    version: int
    change: Literal["new", "changed", "unchanged"]
    retired: bool


@durable
def import_catalogue(*, text: str, actor: Actor, now: datetime) -> list[Imported]:
    """Take in a YAML catalogue, all of it or nothing; raises InvalidCatalogue.

    A definition that differs from the newest version becomes the next one; running series keep
    theirs. Protocols that the text leaves out stay as they are, and a retired one stays retired.
    """
    return store(catalogue.read(text), actor=actor, now=now)


def store(documents: list[Document], *, actor: Actor, now: datetime) -> list[Imported]:
    """Write documents as versions where they differ, in the caller's transaction."""
    one_writer_at_a_time()
    return [keep(document, actor=actor, now=now) for document in documents]


def export_catalogue() -> str:
    """The newest version of every protocol in use, by key, as a YAML stream."""
    versions = (
        ProtocolVersion.objects.filter(protocol__retired=False)
        .order_by("protocol__key", "-version")
        .values_list("protocol__key", "definition")
    )
    newest: dict[str, dict] = {}
    for key, definition in versions:
        newest.setdefault(key, definition)
    return catalogue.write(newest.values())


@durable
def retire_protocol(*, key: str, retired: bool = True, actor: Actor, now: datetime) -> Protocol:
    """Offer a protocol no more, or again; its series go on. UnknownProtocolKey."""
    found = Protocol.objects.select_for_update().filter(key=key).first()
    if found is None:
        raise UnknownProtocolKey(key)
    if found.retired != retired:
        found.retired = retired
        found.save(update_fields=["retired"])
        journal.record(
            actor=actor,
            now=now,
            action="protocol.retired" if retired else "protocol.restored",
            subject=f"protocol:{found.pk}",
            before={"retired": not retired},
            after={"retired": retired},
        )
    return found


def keep(
    document: Document, *, actor: Actor, now: datetime, action: str = "protocol.imported"
) -> Imported:
    """One document as the next version, if it differs; the caller holds `one_writer_at_a_time`."""
    protocol, _ = Protocol.objects.get_or_create(key=document.key)
    newest = protocol.versions.order_by(F("version").desc()).first()
    if newest is not None and newest.definition == document.definition:
        return Imported(document.key, newest.version, "unchanged", protocol.retired)
    number = newest.version + 1 if newest else 1
    ProtocolVersion.objects.create(
        protocol=protocol,
        version=number,
        name=document.name,
        definition=document.definition,
        source=document.source,
        created_at=now,
    )
    journal.record(
        actor=actor,
        now=now,
        action=action,
        subject=f"protocol:{protocol.pk}",
        before={"version": newest.version} if newest else None,
        after={"key": document.key, "version": number, "name": document.name},
    )
    return Imported(document.key, number, "changed" if newest else "new", protocol.retired)


def one_writer_at_a_time() -> None:
    """Two writers at once would give two versions one number; SQLite has one writer anyhow."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('protocol catalogue'))")
