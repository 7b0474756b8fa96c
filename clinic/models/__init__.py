"""What is true: sites, rooms, people, hours, patients, and the journal of every change."""

from clinic.models.availability import Absence, AvailabilityException, WeeklyHours
from clinic.models.journal import Journal
from clinic.models.patients import Patient
from clinic.models.people import Credential, Grant, Staff, User
from clinic.models.resources import Resource
from clinic.models.rooms import Room
from clinic.models.sites import Closure, OpeningHours, Organisation, Site, Travel

__all__ = [
    "Absence",
    "AvailabilityException",
    "Closure",
    "Credential",
    "Grant",
    "Journal",
    "OpeningHours",
    "Organisation",
    "Patient",
    "Resource",
    "Room",
    "Site",
    "Staff",
    "Travel",
    "User",
    "WeeklyHours",
]
