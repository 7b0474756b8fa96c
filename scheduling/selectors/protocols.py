"""The catalogue as it stands: which protocols can be booked."""

from django.db.models import Max, QuerySet

from scheduling.models import Protocol, ProtocolVersion


def current_versions() -> QuerySet[ProtocolVersion]:
    """The newest version of every protocol that is not retired, by key."""
    newest = Protocol.objects.filter(retired=False).annotate(newest=Max("versions"))
    return (
        ProtocolVersion.objects.select_related("protocol")
        .filter(pk__in=newest.values("newest"))
        .order_by("protocol__key")
    )
