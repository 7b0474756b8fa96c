"""The catalogue as it stands: which protocols can be booked, and what runs on each version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet

from scheduling.models import Protocol, ProtocolDraft, ProtocolVersion, Series


@dataclass(frozen=True, slots=True)
class Standing:
    """A protocol and what of it runs: `running` is (version, active series), newest first."""

    protocol: Protocol
    newest: ProtocolVersion
    running: tuple[tuple[int, int], ...]
    draft: ProtocolDraft | None


def current_versions() -> QuerySet[ProtocolVersion]:
    """The newest version of every protocol that is not retired, by key."""
    newest = Protocol.objects.filter(retired=False).annotate(newest=Max("versions"))
    return (
        ProtocolVersion.objects.select_related("protocol")
        .filter(pk__in=newest.values("newest"))
        .order_by("protocol__key")
    )


def standings(protocols: Sequence[Protocol]) -> list[Standing]:
    """What the list of protocols says of each: three queries, however many there are."""
    keys = [protocol.pk for protocol in protocols]
    newest = {
        row.protocol_id: row
        for row in ProtocolVersion.objects.filter(protocol__in=keys)
        .defer("definition")
        .order_by("version")
    }
    active = Series.objects.filter(
        status=Series.State.ACTIVE, protocol_version__protocol__in=keys
    ).values_list("protocol_version__protocol", "protocol_version__version")
    running = defaultdict(list)
    for of, version, count in active.annotate(count=Count("pk")).order_by(
        "-protocol_version__version"
    ):
        running[of].append((version, count))
    named = [protocol.key for protocol in protocols]
    drafts = {
        draft.key: draft
        for draft in ProtocolDraft.objects.filter(key__in=named).defer("definition")
    }
    return [
        Standing(
            protocol, newest[protocol.pk], tuple(running[protocol.pk]), drafts.get(protocol.key)
        )
        for protocol in protocols
        if protocol.pk in newest
    ]


def versions_of(key: str) -> list[ProtocolVersion]:
    """Every version of a protocol, newest first, with `series` and `active` counted."""
    active = Q(series__status=Series.State.ACTIVE)
    rows = ProtocolVersion.objects.filter(protocol__key=key).select_related("protocol")
    counted = rows.annotate(all_series=Count("series"), active=Count("series", filter=active))
    return list(counted.order_by("-version"))
