"""A patient's documents: the list, the dialogs that issue one, and the papers themselves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk import words
from api.desk.forms import DateInput, DeskForm
from api.desk.frame import (
    Asked,
    actor,
    behind,
    kept_nowhere,
    open_site,
    page,
    part,
    signed_in,
)
from api.desk.money.papers import money_patient, money_site, papers_of
from api.desk.money.tabs import dollars
from api.desk.people import shown_name
from api.desk.telling import tell
from api.permissions import may, require, sites_for
from billing.documents import TITLES
from billing.errors import MoneyRefused
from billing.models import Charge, Document, Payment
from billing.selectors import owed
from billing.services import documents as issuing
from billing.services.invoicing import correct_invoice, issue_invoice, over_estimate, to_invoice
from clinic.models import Patient, Site
from scheduling.models import Series

LATELY = timedelta(days=90)
NEEDS = {
    "invoice": "manage_billing",
    "statement": "take_payments",
    "superbill": "take_payments",
    "receipt": "take_payments",
}
HOW = {
    "invoice": "What was approved and is on no invoice yet. From then on the patient owes it.",
    "statement": "Everything charged and paid in a time, and what is owed at its end.",
    "superbill": "For the patient’s insurer: services with codes, diagnoses and providers.",
    "receipt": "For a payment, with the services it paid for, as HSA and FSA ask for.",
}


class PaperForm(DeskForm):
    """What a document is issued of; `something` is whether there is anything to choose."""

    something = True


class ChargesForm(PaperForm):
    """Which charges go on an invoice."""

    charges = forms.TypedMultipleChoiceField(coerce=int, widget=forms.CheckboxSelectMultiple())

    def __init__(self, rows: list[Charge], *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"charges": [row.pk for row in rows]}
        super().__init__(*args, **kwargs)
        self.something = bool(rows)
        told = [(row.pk, _told(row)) for row in rows]
        self.fields["charges"].choices = told  # type: ignore[attr-defined]


class CorrectForm(ChargesForm):
    """What of an invoice was right, and why the rest was not."""

    reason = forms.CharField(max_length=200, label="Why")

    def __init__(self, rows: list[Charge], *args: Any, **kwargs: Any) -> None:
        super().__init__(rows, *args, **kwargs)
        self.fields["charges"].required = False
        self.fields["charges"].label = "Stays, on a new invoice"
        self.fields["charges"].help_text = "What you untick becomes void and is owed no more."


class TimeForm(PaperForm):
    """From one day to another, both in it."""

    first = forms.DateField(widget=DateInput(), label="From")
    last = forms.DateField(widget=DateInput(), label="To")


class PaymentForm(PaperForm):
    """Which payment."""

    payment = forms.TypedChoiceField(coerce=int, widget=forms.RadioSelect())

    def __init__(self, rows: list[Payment], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.something = bool(rows)
        told = [(row.pk, _told_of_payment(row)) for row in rows]
        self.fields["payment"].choices = told  # type: ignore[attr-defined]
        self.fields["payment"].initial = next((pk for pk, _ in told), None)


@require_safe
@signed_in
def of_patient(request: Asked, patient: int) -> HttpResponse:
    """Every document of the sites one may see, what can be issued, and estimates asked for."""
    found = money_patient(request, patient)
    place = money_site(request, found)
    mine = sites_for(request.user, "see_balance")
    courses = Series.objects.filter(patient=found, site=place, status=Series.State.ACTIVE)
    return page(
        request,
        "desk/money/patient_documents.html",
        here="money",
        patient=found,
        site=place,
        name=shown_name(request.user, found, place),
        papers=papers_of(Document.objects.filter(mine.q(), patient=found)),
        kinds=[
            (kind, TITLES[kind], HOW[kind])
            for kind, action in NEEDS.items()
            if may(request.user, action, place)
        ],
        courses=courses.select_related("protocol_version"),
        owed=dollars(owed(found)),
        waiting=to_invoice(found, place).count(),
        may_ask=may(request.user, "take_payments", place),
        may_correct=may(request.user, "manage_billing", place),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def issue(request: Asked, patient: int, paper_kind: str) -> HttpResponse:
    """The dialog of a kind, and issuing it."""
    kind = paper_kind
    if kind not in NEEDS:
        raise Http404
    found = money_patient(request, patient)
    place = money_site(request, found)
    require(request.user, NEEDS[kind], place)
    form = _form(request, kind, found, place)
    if request.method == "POST" and form.is_valid():
        try:
            made = _issue(request, kind, found, place, form.cleaned_data)
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            tell(request, f"Issued: {TITLES[kind]} {made.facts['number']}.")
            return behind(request, "desk:patient-documents", found.pk)
    return part(
        request,
        "desk/money/issue.html",
        status=422 if form.errors else 200,
        form=form,
        kind=kind,
        title=TITLES[kind],
        how=HOW[kind],
        patient=found,
        something=form.something,
        over=_over(found, place) if kind == "invoice" else "",
    )


@require_http_methods(["GET", "POST"])
@signed_in
def correct(request: Asked, document: int) -> HttpResponse:
    """A credit note for an invoice, and a new one for what was right."""
    old, place = _open(request, document)
    require(request.user, "manage_billing", place)
    if old.kind != Document.Kind.INVOICE:
        raise Http404
    rows = list(Charge.objects.filter(document=old).order_by("on", "pk"))
    form = CorrectForm(rows, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            credit, new = correct_invoice(
                invoice=old.pk,
                keep=form.cleaned_data["charges"],
                reason=form.cleaned_data["reason"],
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            then = f" and {new.facts['number']}" if new else ""
            tell(request, f"Issued: {credit.facts['number']}{then}.")
            return behind(request, "desk:patient-documents", old.patient_id)
    return part(
        request,
        "desk/money/correct.html",
        status=422 if form.errors else 200,
        form=form,
        document=old,
    )


@require_safe
@signed_in
def paper(request: Asked, document: int) -> HttpResponse:
    """The PDF; its address and its file say neither who nor what for."""
    found, _ = _open(request, document)
    response = HttpResponse(issuing.drawn(found), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.facts["number"]}.pdf"'
    return kept_nowhere(response)


def _form(request: Asked, kind: str, patient: Patient, site: Site) -> PaperForm:
    data = request.POST or None
    if kind == "invoice":
        return ChargesForm(list(to_invoice(patient, site)), data)
    if kind == "receipt":
        rows = Payment.objects.filter(patient=patient, site=site, state=Payment.State.RECEIVED)
        return PaymentForm(list(rows.order_by("-received_at", "-pk")[:30]), data)
    today = timezone.now().astimezone(site.zone).date()
    return TimeForm(data, initial={"first": _since(today), "last": today})


def _issue(
    request: Asked, kind: str, patient: Patient, site: Site, said: dict[str, Any]
) -> Document:
    by: dict[str, Any] = {"actor": actor(request), "now": timezone.now()}
    if kind == "invoice":
        return issue_invoice(patient=patient, site=site, charges=said["charges"], **by)
    if kind == "receipt":
        return issuing.issue_receipt(payment=said["payment"], **by)
    service = issuing.issue_statement if kind == "statement" else issuing.issue_superbill
    return service(patient=patient, site=site, **said, **by)


def _over(patient: Patient, site: Site) -> str:
    """By how much all that waits exceeds its estimate, where the patient may dispute that."""
    over = over_estimate(list(to_invoice(patient, site)))
    return dollars(over[1]) if over else ""


def _open(request: Asked, pk: int) -> tuple[Document, Site]:
    found = Document.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found, open_site(request, found.site_id, "see_balance")


def _since(today: date) -> date:
    return (today - LATELY).replace(day=1)


def _told(row: Charge) -> str:
    code = f"{row.code} " if row.kind == Charge.Kind.SERVICE else ""
    paid = ", from the package" if row.prepaid_id else ""
    return f"{words.day(row.on)}: {code}{row.what}, {dollars(row.cents)}{paid}"


def _told_of_payment(row: Payment) -> str:
    came = (row.received_at or row.created_at).astimezone(row.site.zone)
    back = f", {dollars(row.refunded_cents)} given back" if row.refunded_cents else ""
    return f"{words.day_and_year(came)}: {dollars(row.cents)}, {row.get_method_display()}{back}"
