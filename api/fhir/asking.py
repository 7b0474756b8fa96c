"""What $find asks for, resolved: who, what, where, when. 422 for what is named and unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from api.errors import unknown, wrong
from api.fhir.outcomes import told
from api.fhir.parameters import FIND, Given
from api.fhir.systems import MRN, SITE, VISIT_TYPE, system
from api.fhir.values import number, reference, token, when
from api.permissions import patients_of, require, sites_for
from clinic.models import Patient, Room, Site, Staff
from clinic.wishes import WEEKDAYS
from scheduling.models import ProtocolVersion
from scheduling.selectors.protocols import current_versions

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

SERIES_USUAL, VISITS_USUAL, MOST = 3, 5, 10
PARTS = {
    "MORN": (None, time(12)),
    "AFT": (time(12), time(18)),
    "EVE": (time(17), None),
}


@dataclass
class Wanted:
    """What $find asks for, resolved."""

    patient: Patient
    version: ProtocolVersion
    step: str
    sites: list[Site]
    room: int | None
    staff: list[int]
    start: datetime
    end: datetime
    limit: int
    weekdays: list[int] = field(default_factory=list)
    earliest: time | None = None
    latest: time | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)


def action_of(step: str) -> str:
    """The row of api.permissions that booking one visit, or a series, needs."""
    return "book_visit" if step else "book_series"


def wanted_of(door: FhirDoor, given: Given) -> Wanted:
    version, step = visit_type_of([*given.get("visit-type", []), *given.get("service-type", [])])
    reach = sites_for(door.client, action_of(step))
    if not reach:
        require(door.client, action_of(step))
    sites, room = _sites(door, given, action_of(step))
    start, end = _range(given, sites[0])
    wanted = Wanted(
        patient=_patient(given, patients_of(reach, Patient.objects.all())),
        version=version,
        step=step,
        sites=sites,
        room=room,
        staff=_staff(given),
        start=start,
        end=end,
        limit=_limit(given, VISITS_USUAL if step else SERIES_USUAL),
    )
    _timing(wanted, given)
    unused = [one.name for one in FIND if not one.used and one.name in given]
    if unused:
        message = f"Not used to find times here: {', '.join(unused)}."
        wanted.notes.append(told("information", "informational", message))
    return wanted


def visit_type_of(texts: Sequence[str]) -> tuple[ProtocolVersion, str]:
    """Protocol and step ("" for a series) of the first that is known here; 422 for none."""
    for text in texts:
        said, code = token(text)
        if said not in (None, "", system(VISIT_TYPE)):
            continue
        key, _, step = code.partition("/")
        version = current_versions().filter(protocol__key=key).first()
        known = [one["key"] for one in version.definition["steps"]] if version else []
        if version and (not step or step in known):
            return version, step
    raise unknown("visit-type", "There is no such protocol, or step of a protocol, in use.")


def _sites(door: FhirDoor, given: Given, action: str) -> tuple[list[Site], int | None]:
    """Sites in order of preference, and the room that is wished for."""
    found: list[Site] = []
    room: int | None = None
    everywhere = Site.objects.select_related("organisation")
    for value in given.get("location-reference", []):
        site, here = _located(value, everywhere)
        found.append(site)
        room = room or here
    for value in given.get("organization", []):
        named = value.get("identifier", {})
        pk = number(str(named.get("value", ""))) if named.get("system") == system(SITE) else None
        site_ = everywhere.filter(pk=pk or 0).first()
        if site_ is None:
            raise unknown("organization", f"Name a site by an identifier of {system(SITE)}.")
        found.append(site_)
    for value in given.get("location-string", []):
        mine = everywhere.filter(sites_for(door.client, action).q("pk")).order_by("pk")
        alike = mine.filter(name__icontains=value) | mine.filter(address__icontains=value)
        found += list(alike)
    if not found and not given.get("location-string"):
        found = list(everywhere.filter(sites_for(door.client, action).q("pk")).order_by("pk"))
    if not found:
        raise unknown("location-string", "No site of yours has such a name or address.")
    return list(dict.fromkeys(found)), room


def _located(value: Mapping[str, Any], sites: Any) -> tuple[Site, int | None]:
    try:
        named = reference(str(value.get("reference", "")), ["Location"])
    except ValueError as error:
        raise wrong("location-reference", str(error)) from None
    what, _, pk = named[1].partition("-") if named else ("", "", "")
    if what == "room":
        room = Room.objects.filter(pk=number(pk) or 0).first()
        if room:
            return sites.get(pk=room.site_id), room.pk
    site = sites.filter(pk=number(pk) or 0).first() if what == "site" else None
    if site is None:
        raise unknown("location-reference", "There is no such Location here.")
    return site, None


def _patient(given: Given, patients: Any) -> Patient:
    """The one patient that is named, among those that the caller may book for."""
    references = given.get("patient-reference", [])
    resources = given.get("patient-resource", [])
    if len(references) + len(resources) > 1:
        raise unknown("patient-reference", "Appointments for several patients are not made here.")
    if references:
        return patient_named(references[0], patients, "patient-reference")
    resource = resources[0]
    if resource.get("id"):
        return patient_named(
            {"reference": f"Patient/{resource['id']}"}, patients, "patient-resource"
        )
    mine = [one for one in resource.get("identifier", []) if one.get("system") == system(MRN)]
    if not mine:
        message = "Make the patient known first, with POST Patient, and name them by id or MRN."
        raise unknown("patient-resource", message)
    return patient_named({"identifier": mine[0]}, patients, "patient-resource")


def patient_named(value: Mapping[str, Any], patients: Any, name: str) -> Patient:
    """By reference, or by an identifier that is the MRN; 422."""
    row: Patient | None = None
    if value.get("reference"):
        try:
            named = reference(str(value["reference"]), ["Patient"])
        except ValueError as error:
            raise wrong(name, str(error)) from None
        row = patients.filter(pk=number(named[1]) or 0).first() if named else None
    elif (told_ := value.get("identifier", {})) and told_.get("system") in (None, system(MRN)):
        row = patients.filter(mrn=told_.get("value", "")).first()
    if row is None:
        raise unknown(name, "There is no such patient here.")
    return row


def _staff(given: Given) -> list[int]:
    """Practitioners in order of preference."""
    ids = []
    for value in given.get("practitioner", []):
        if value.get("reference"):
            try:
                named = reference(str(value["reference"]), ["Practitioner", "PractitionerRole"])
            except ValueError as error:
                raise wrong("practitioner", str(error)) from None
            pk = number(named[1].partition("-")[0]) if named else None
            row = Staff.objects.filter(pk=pk or 0).first()
        else:
            licence = value.get("identifier", {})
            kind = str(licence.get("system", "")).removeprefix(system("sid/"))
            row = Staff.objects.filter(
                credentials__kind=kind, credentials__number=licence.get("value", "")
            ).first()
        if row is None:
            raise unknown("practitioner", "There is no such practitioner here.")
        ids.append(row.pk)
    return ids


def _range(given: Given, site: Site) -> tuple[datetime, datetime]:
    """From start to end; an end that is a date is the end of that day."""
    try:
        start, end = (when(given[name][0]) for name in ("start", "end"))
    except ValueError as error:
        raise wrong("start or end", str(error)) from None
    low = start.bounds(site.zone)[0]
    low_of_end, high = end.bounds(site.zone)
    high = high if high - low_of_end >= timedelta(days=1) else low_of_end
    if high < low:
        raise wrong("end", "It lies before start.")
    return low, high


def _limit(given: Given, usual: int) -> int:
    text = given.get("_count", [str(usual)])[0]
    if not (text.isascii() and text.isdecimal() and len(text) < 7 and int(text)):
        raise wrong("_count", "It must be a whole number from 1.")
    return min(int(text), MOST)


def _timing(wanted: Wanted, given: Given) -> None:
    """Weekdays, times of day, and parts of the day of a Timing as what is preferred."""
    for timing in given.get("timing", []):
        repeat = timing.get("repeat", {})
        wanted.weekdays = [
            WEEKDAYS.index(day) for day in repeat.get("dayOfWeek", []) if day in WEEKDAYS
        ]
        clocks = [time.fromisoformat(str(one)[:5]) for one in repeat.get("timeOfDay", [])]
        wanted.earliest = min(clocks, default=None)
        for part in repeat.get("when", [])[:1]:
            wanted.earliest, wanted.latest = PARTS.get(part, (wanted.earliest, None))
