"""What is promised: protocols, series, appointments, the claims that guard them, and feeds."""

from scheduling.models.claims import Claim, Hold
from scheduling.models.feeds import CalendarFeed, FeedEntry
from scheduling.models.protocols import Protocol, ProtocolDraft, ProtocolVersion
from scheduling.models.series import Appointment, AppointmentPhase, Series, Status

__all__ = [
    "Appointment",
    "AppointmentPhase",
    "CalendarFeed",
    "Claim",
    "FeedEntry",
    "Hold",
    "Protocol",
    "ProtocolDraft",
    "ProtocolVersion",
    "Series",
    "Status",
]
