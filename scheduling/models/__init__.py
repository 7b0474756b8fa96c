"""What is promised: protocols, series, visits, the claims that guard them, and what follows."""

from scheduling.models.calendars import BusyTime, ExternalCalendar
from scheduling.models.claims import Claim, Hold
from scheduling.models.feeds import CalendarFeed, FeedEntry
from scheduling.models.follow_ups import FollowUp
from scheduling.models.gates import GateAnswer
from scheduling.models.hand_overs import HandOver
from scheduling.models.messages import Channel, Message, MessageTemplate
from scheduling.models.protocols import Protocol, ProtocolDraft, ProtocolVersion
from scheduling.models.recoveries import Recovery
from scheduling.models.rounds import VitalsEntry
from scheduling.models.series import (
    Appointment,
    AppointmentPhase,
    CancelKind,
    Series,
    Status,
    StatusChange,
)
from scheduling.models.waiting import Offer, WaitlistEntry

__all__ = [
    "Appointment",
    "AppointmentPhase",
    "BusyTime",
    "CalendarFeed",
    "CancelKind",
    "Channel",
    "Claim",
    "ExternalCalendar",
    "FeedEntry",
    "FollowUp",
    "GateAnswer",
    "HandOver",
    "Hold",
    "Message",
    "MessageTemplate",
    "Offer",
    "Protocol",
    "ProtocolDraft",
    "ProtocolVersion",
    "Recovery",
    "Series",
    "Status",
    "StatusChange",
    "VitalsEntry",
    "WaitlistEntry",
]
