"""The doors of $find, $hold and $book (IHE ITI Scheduling)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Problem, translate, unknown, wrong
from api.fhir.asking import action_of, patient_named
from api.fhir.booking import book_directly
from api.fhir.bundles import bundle, entry
from api.fhir.doors import FhirDoor, shown_as
from api.fhir.finding import find
from api.fhir.kinds import Shown
from api.fhir.mapping import show_appointments
from api.fhir.outcomes import outcome, told
from api.fhir.parameters import BOOK, FIND, HOLD, read_pairs, read_parameters
from api.fhir.proposals import ID, mark_held, proposal_of, shown_of
from api.fhir.systems import PROPOSAL, system
from api.fhir.updating import change_visit
from api.fhir.values import number, reference
from api.models import FoundProposal
from api.permissions import NotPermitted, may, patients_of, require, sites_for
from clinic.models import Patient, Site
from clinic.spans import moment
from scheduling.errors import SlotTaken
from scheduling.models import ProtocolVersion
from scheduling.selectors import propose_series, visits
from scheduling.selectors.openings import find_visits
from scheduling.services.booking import book_series, hold_proposal, release_hold
from scheduling.services.proposed import book_proposed_visit
from scheduling.tokens import Draft, open_token

R = TypeVar("R")
NEAR = timedelta(days=28)


class Operation(FhirDoor):
    """Open to whoever may book anything; what is booked decides which right it takes."""

    actions = {"POST": "book_visit"}

    def permit(self, method: str) -> None:
        if not (may(self.client, "book_visit") or may(self.client, "book_series")):
            raise NotPermitted("book_visit")

    def given(self, reference_: Mapping[str, Any]) -> FoundProposal:
        """The proposal that a reference names, by its id or its identifier; where it may be booked.

        ProposalUnknown, ProposalExpired, 403.
        """
        if text := reference_.get("reference"):
            try:
                named = reference(str(text), ["Appointment"])
            except ValueError as error:
                raise wrong("appointment-reference", str(error)) from None
            key = named[1] if named else ""
        else:
            said = reference_.get("identifier", {})
            known = said.get("system") in (None, system(PROPOSAL))
            key = str(said.get("value", "")) if known else ""
        row = proposal_of(key, client=self.client.id, now=self.now)
        draft = open_token(row.token, now=self.now)
        require(self.client, action_of("one" if row.single else ""), draft.site)
        return row

    def tried(self, row: FoundProposal, act: Callable[[], R]) -> R:
        """What the act gives; when the place was taken, 409 with what is free instead."""
        try:
            return act()
        except SlotTaken as error:
            problem = translate(error)
            assert problem is not None
            problem.refusals.append(
                {
                    "rule": "free_instead",
                    "subject": "proposal",
                    "message": instead(row, self.now),
                    "hint": "yes",
                }
            )
            raise problem from error

    def bundled(self, shown: Sequence[Shown], note: str = "") -> Response:
        entries = [entry(self, one, "match") for one in shown]
        if note:
            said = outcome([told("information", "informational", note)])
            entries.append({"resource": said, "search": {"mode": "outcome"}})
        return shown_as(bundle(entries, len(shown)))

    def booked(self, ids: Sequence[int], note: str = "") -> Response:
        return self.bundled(show_appointments(list(visits().filter(pk__in=ids))), note)


class Find(Operation):
    actions = {"GET": "book_visit", "POST": "book_visit"}
    answers_once = False

    def get(self, request: Request) -> Response:
        pairs = [(n, v) for n, values in request.query_params.lists() for v in values]
        if strange := [name for name, value in pairs if "\x00" in value]:
            raise wrong(strange[0][:40], "It must not hold NUL characters.")
        return shown_as(find(self, read_pairs(pairs, FIND, strict=self.strict)))

    def create(self, request: Request, **at: str) -> Response:
        given = read_parameters(request.data, FIND, strict=self.strict)
        if "_count" in request.query_params:
            given.setdefault("_count", [request.query_params["_count"]])
        return shown_as(find(self, given))


class HoldDoor(Operation):
    def create(self, request: Request, **at: str) -> Response:
        """Hold a proposal for 15 minutes, instead of the one of its set held before."""
        given = read_parameters(request.data, HOLD, strict=self.strict)
        row = self.given(given["appointment-reference"][0])
        hold = self.tried(
            row, lambda: hold_proposal(token=row.token, actor=self.actor, now=self.now)
        )
        mark_held(row, hold.expires_at)
        until = hold.expires_at.astimezone(hold.site.zone).isoformat(timespec="seconds")
        return self.bundled(shown_of(row, "pending"), f"Held until {until}.")


class BookDoor(Operation):
    def create(self, request: Request, **at: str) -> Response:
        """Book a proposal or one visit; or change or cancel a visit that is booked."""
        given = read_parameters(request.data, BOOK, strict=self.strict)
        references = given.get("appointment-reference", [])
        resources = given.get("appointment-resource", [])
        if len(references) + len(resources) != 1:
            raise wrong("appointment-reference", "Send this or appointment-resource, and not both.")
        comment = given.get("comment", [""])[0]
        if references:
            return self.book(self.given(references[0]), given, comment)
        return self.by_resource(resources[0], given, comment)

    def by_resource(self, resource: Shown, given: dict[str, Any], comment: str) -> Response:
        id, status = str(resource.get("id", "")), resource.get("status")
        proposed = _proposal_in(resource)
        if proposed and status in ("proposed", "pending"):
            return self.book(self.given(proposed), given, comment)
        if proposed and status == "cancelled":
            return self.let_go(self.given(proposed))
        if status == "pending" and not id:
            return self.booked([book_directly(self, resource)])
        if status in ("booked", "cancelled") and number(id):
            return self.change(id, resource, comment)
        message = "It must be pending to book, or booked or cancelled with its id to change it."
        raise wrong("appointment-resource.status", message)

    def book(self, row: FoundProposal, given: dict[str, Any], comment: str) -> Response:
        draft = open_token(row.token, now=self.now)
        self.must_be_of(draft.patient, given)
        note = "The comment is not kept." if comment else ""

        def act() -> list[int]:
            if row.single:
                visit = book_proposed_visit(token=row.token, actor=self.actor, now=self.now)
                return [visit.pk]
            series = book_series(token=row.token, actor=self.actor, now=self.now)
            return list(series.appointments.values_list("pk", flat=True))

        return self.booked(self.tried(row, act), note)

    def must_be_of(self, patient: int, given: dict[str, Any]) -> None:
        """422 when the patient that is sent along is another one."""
        for resource in given.get("patient-resource", []):
            mine = patients_of(sites_for(self.client, "book_visit"), Patient.objects.all())
            mine |= patients_of(sites_for(self.client, "book_series"), Patient.objects.all())
            named = [{"reference": f"Patient/{resource['id']}"}] if resource.get("id") else []
            named += [{"identifier": one} for one in resource.get("identifier", [])]
            if named and patient_named(named[0], mine, "patient-resource").pk != patient:
                raise unknown("patient-resource", "The proposal is for another patient.")

    def let_go(self, row: FoundProposal) -> Response:
        release_hold(token=row.token, actor=self.actor, now=self.now)
        mark_held(row, None)
        return self.bundled(shown_of(row, "cancelled"), "The place is free again.")

    def change(self, id: str, resource: Shown, comment: str) -> Response:
        """As PUT Appointment/{id}; the version is in If-Match, else in meta.versionId."""
        version = resource.get("meta", {}).get("versionId")
        if "If-Match" not in self.request.headers and not version:
            message = "Send the meta.versionId that you have read, or If-Match."
            raise Problem("condition-needed", message)
        change_visit(self, id, resource, version=version, comment=comment)
        return self.booked([int(id)])


def _proposal_in(resource: Shown) -> dict[str, Any] | None:
    """The reference to the proposal that a resource is of, by its id or its identifier."""
    if ID.fullmatch(str(resource.get("id", ""))):
        return {"reference": f"Appointment/{resource['id']}"}
    for one in resource.get("identifier", []):
        if one.get("system") == system(PROPOSAL):
            return {"identifier": one}
    return None


def instead(row: FoundProposal, now: datetime) -> str:
    """When the same could be booked, as of now."""
    draft: Draft = open_token(row.token, now=now)
    patient = Patient.objects.get(pk=draft.patient)
    site = Site.objects.select_related("organisation").get(pk=draft.site)
    version = ProtocolVersion.objects.select_related("protocol").get(pk=draft.version)
    first = max(moment(draft.visits[0].start), now)
    if row.single:
        found = find_visits(
            patient=patient,
            site=site,
            version=version,
            step=draft.visits[0].step,
            start=first,
            end=first + NEAR,
            limit=3,
            now=now,
        )
    else:
        found = propose_series(
            patient=patient,
            protocol_key=version.protocol.key,
            site=site,
            not_before=first.astimezone(site.zone).date(),
            limit=1,
            now=now,
        )
    times = [
        f"{at:%a} {at.day} {at:%b %H:%M}"
        for offer in found.offers
        if (at := moment(offer.plan.visits[0].start).astimezone(site.zone))
    ]
    if not times:
        return "Nothing like it is free near that time; ask Appointment/$find again."
    begins = "would do" if row.single else "is when another series can begin"
    return f"{' or '.join(times)} {begins}; ask Appointment/$find again."
