"""A patient's documents as the desk lists them, and whose one may see."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404

from api.desk.forms import as_id
from api.desk.frame import Asked, usual_site
from api.desk.money.tabs import dollars
from api.permissions import NotPermitted, may, patients_of, sites_for
from billing.documents import TITLES
from billing.models import Document
from clinic.models import Patient, Site

ICONS = {
    "invoice": "receipt",
    "credit": "undo-2",
    "statement": "list",
    "receipt": "circle-check",
    "superbill": "stethoscope",
    "estimate": "file-check",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A line of the list. `amount` is what is due, or was paid, charged, expected or credited."""

    document: Document
    title: str
    number: str
    icon: str
    amount: str
    note: str
    corrected: bool

    @property
    def may_correct(self) -> bool:
        return self.document.kind == Document.Kind.INVOICE and not self.corrected


def papers_of(documents: QuerySet[Document]) -> list[Paper]:
    """The newest first: two queries."""
    rows = documents.select_related("corrects").prefetch_related("corrected_by").order_by("-pk")
    return [_paper(one) for one in rows]


def money_patient(request: Asked, pk: int) -> Patient:
    """A patient of a site whose money one may see, or 404: whether there is one is not told."""
    reach = sites_for(request.user, "see_balance")
    if not reach:
        raise NotPermitted("see_balance")
    found = patients_of(reach, Patient.objects.all()).filter(pk=as_id(str(pk))).first()
    if found is None:
        raise Http404
    return found


def money_site(request: Asked, patient: Patient) -> Site:
    """The site whose papers are written: where one is, else the patient's own."""
    for site in (usual_site(request), patient.home_site):
        if site is not None and may(request.user, "see_balance", site):
            return site
    raise NotPermitted("see_balance")


def _paper(document: Document) -> Paper:
    corrected = any(one.kind == Document.Kind.CREDIT for one in document.corrected_by.all())
    note = ""
    if corrected:
        note = "Taken back by a credit note"
    elif document.corrects:
        verb = "Takes back" if document.kind == Document.Kind.CREDIT else "Corrects"
        note = f"{verb} {document.corrects.facts['number']}"
    elif document.facts.get("over"):
        note = f"{dollars(document.facts['over']['by_cents'])} over its estimate"
    return Paper(
        document=document,
        title=TITLES[document.kind],
        number=document.facts["number"],
        icon=ICONS[document.kind],
        amount=dollars(document.cents),
        note=note,
        corrected=corrected,
    )
