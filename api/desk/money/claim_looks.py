"""How claims look: their state as a sign, and where each kind of problem is put right."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from api.permissions import may
from billing.models import Claim
from clinic.models import Site, User

State = Claim.State


@dataclass(frozen=True, slots=True)
class Look:
    word: str
    tone: str
    icon: str


LOOKS = {
    State.DRAFT: Look("To put right", "bad", "circle-alert"),
    State.READY: Look("Ready to send", "good", "circle-check"),
    State.SENT: Look("Sent", "", "clock"),
    State.PAID: Look("Paid", "good", "check"),
    State.DENIED: Look("Denied", "bad", "circle-x"),
    State.VOID: Look("Given up", "", "ban"),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem with the address of the page where it is put right; none where that is not the
    viewer's to do."""

    message: str
    url: str
    where: str


def look(state: str) -> Look:
    return LOOKS[State(state)]


def troubles(claim: Claim, user: User) -> list[Trouble]:
    """The scrubber's sentences, each with its page."""
    return [Trouble(one["message"], *_where(one["part"], claim, user)) for one in claim.problems]


def _where(part: str, claim: Claim, user: User) -> tuple[str, str]:
    site: Site = claim.site
    begins = part.partition(".")[0].partition("[")[0]
    if begins == "billing" and may(user, "manage_prices", site):
        return reverse("desk:filing", args=[site.pk]), "Claim details"
    if begins == "rendering" and may(user, "manage_prices", site):
        staff = claim.facts.get("staff")
        if staff:
            return reverse("desk:provider", args=[site.pk, staff]), "The clinician’s numbers"
        return reverse("desk:filing", args=[site.pk]), "Claim details"
    if begins in ("coverage", "patient", "relationship", "authorisation", "signature_on_file"):
        of_card = part.startswith(("coverage.insured", "patient"))
        own = not claim.coverage.holder.get("relationship") or begins == "patient"
        if of_card and own:
            return reverse("desk:patient-details", args=[claim.patient_id]), "Sex and address"
        if begins == "authorisation":
            return reverse("desk:insurance", args=[claim.patient_id]), "Authorisations"
        return reverse("desk:coverage", args=[claim.coverage_id]), "The coverage"
    if begins == "diagnoses" or part.endswith((".pointers", ".description")):
        return "#amend", "Diagnoses, below"
    return "", ""
