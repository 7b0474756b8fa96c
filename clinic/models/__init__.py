"""What is true: sites, rooms, people, hours, patients, and the journal of every change."""

from clinic.models.availability import (
    Absence,
    AvailabilityException,
    OnCall,
    Outage,
    TimeOff,
    WeeklyHours,
)
from clinic.models.imports import ImportDraft
from clinic.models.journal import Journal
from clinic.models.patients import Patient
from clinic.models.people import Credential, Grant, Invitation, Staff, User
from clinic.models.resources import Resource
from clinic.models.rooms import Room
from clinic.models.sites import Closure, OpeningHours, Organisation, Site, Travel

__all__ = [
    "Absence",
    "AvailabilityException",
    "Closure",
    "Credential",
    "Grant",
    "ImportDraft",
    "Invitation",
    "Journal",
    "OnCall",
    "OpeningHours",
    "Organisation",
    "Outage",
    "Patient",
    "Resource",
    "Room",
    "Site",
    "Staff",
    "TimeOff",
    "Travel",
    "User",
    "WeeklyHours",
]
