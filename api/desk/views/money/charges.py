"""Charges to review: by visit, each code with its reason; approved, changed, voided, entered."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import words
from api.desk.forms import as_id
from api.desk.frame import Asked, actor, behind, kept_nowhere, open_site, page, signed_in
from api.desk.money.charge_forms import ChangeForm, DoneForm, WhyForm
from api.desk.money.charges import STANDS, cards
from api.desk.money.dialogs import dialog
from api.desk.money.tabs import dollars
from api.desk.telling import tell
from api.permissions import may, require, visible_visits
from billing.errors import MoneyRefused
from billing.models import Capture, Charge
from billing.selectors.charges import count_stands, lines_of, piles, step_name, visits_of
from billing.selectors.visits import diagnoses_of, on_of, read_visit
from billing.services.charging import answer_for
from billing.services.pricing import set_diagnoses
from billing.services.reviewing import (
    approve_charges,
    change_charge,
    post_charges,
    void_charge,
    waive_fee,
)
from clinic.imports.table import guarded
from clinic.models import Site
from scheduling.models import Appointment

PER_PAGE = 15
MOST_LINES = 5_000


@require_safe
@signed_in
def listed(request: Asked, site: int) -> HttpResponse:
    """The visits of a pile, what stops charges on top."""
    place = open_site(request, site, "see_billing")
    stand = _stand(request)
    shown = Paginator(piles(place, stand), PER_PAGE).get_page(request.GET.get("page"))
    counts = count_stands(place)
    return page(
        request,
        "desk/money/charges.html",
        here="money",
        tab="charges",
        site=place,
        cards=cards(request.user, visits_of(list(shown))),
        shown=shown,
        stand=stand,
        stands=[(name, look, counts[name]) for name, look in STANDS.items()],
        total=sum(counts.values()),
        approved=counts["approved"],
        may_manage=may(request.user, "manage_billing", place),
        may_price=may(request.user, "manage_prices", place),
    )


@require_safe
@signed_in
def file(request: Asked, site: int) -> HttpResponse:
    """A pile as CSV; patients by MRN."""
    place = open_site(request, site, "see_billing")
    stand = _stand(request)
    groups = visits_of(piles(place, stand)[:MOST_LINES])
    return as_csv(f"charges-{stand}.csv", lines_of(groups))


@require_POST
@signed_in
def approve(request: Asked, site: int) -> HttpResponse:
    """Approve the charges that the button names, all of one visit or one."""
    place = open_site(request, site, "manage_billing")
    rows = _chosen(request, place)

    def act() -> str:
        if not rows:
            raise MoneyRefused("charges_are_chosen", "Those charges are not there any more.")
        told = approve_charges(
            charges=[one.pk for one in rows],
            actor=actor(request),
            now=timezone.now(),
        )
        cents = sum(one.cents for one in told)
        return f"Approved: {words.count(len(told), 'charge')}, {dollars(cents)}."

    return _answer(request, place, act)


@require_http_methods(["GET", "POST"])
@signed_in
def approve_anyway(request: Asked, visit: int) -> HttpResponse:
    """Approve what is proposed of a visit although something is open, with a reason."""
    found = _visit(request, visit, "manage_billing")
    rows = Charge.objects.filter(appointment=found, state=Charge.State.PROPOSED)

    def act(given: dict[str, Any]) -> str:
        told = approve_charges(
            charges=[one.pk for one in rows],
            reason=given["reason"],
            actor=actor(request),
            now=timezone.now(),
        )
        return f"Approved: {words.count(len(told), 'charge')}."

    return _form(
        request, found.site, "why_form", "Approve as it is", WhyForm(request.POST or None), act,
        does="Approve", asks="What is open stays open. The reason is kept with each charge.",
    )  # fmt: skip


@require_POST
@signed_in
def post(request: Asked, site: int) -> HttpResponse:
    """Enter what is approved into the ledger: all of the site, a patient at a time."""
    place = open_site(request, site, "manage_billing")
    rows = Charge.objects.filter(site=place, state=Charge.State.APPROVED, entry=None)
    by_patient: dict[int, list[int]] = {}
    for pk, patient in rows.values_list("pk", "patient"):
        by_patient.setdefault(patient, []).append(pk)

    def act() -> str:
        now = timezone.now()
        for ids in by_patient.values():
            post_charges(charges=ids, actor=actor(request), now=now)
        number = sum(len(ids) for ids in by_patient.values())
        return f"In the ledger: {words.count(number, 'charge')}."

    return _answer(request, place, act)


@require_http_methods(["GET", "POST"])
@signed_in
def change(request: Asked, charge: int) -> HttpResponse:
    """Correct code, units or amount; it is to be approved again then."""
    row = _charge(request, charge)
    initial = {
        "code": row.code,
        "units": row.units,
        "cents": row.cents,
        "modifiers": " ".join(row.modifiers),
    }
    form = ChangeForm(request.POST or None, initial=initial)

    def act(given: dict[str, Any]) -> str:
        same = given["cents"] == row.cents and {"code", "units"} & set(form.changed_data)
        change_charge(
            charge=row.pk,
            units=given["units"],
            code=given["code"],
            cents=None if same else given["cents"],
            modifiers=given["modifiers"].upper().split(),
            reason=given["reason"],
            actor=actor(request),
            now=timezone.now(),
        )
        return f"Changed: {given['code'].upper()}. Approve it once more."

    return _form(
        request, row.site, "change_form", f"Change {row.code}", form, act, row=row
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@signed_in
def void(request: Asked, charge: int) -> HttpResponse:
    """Void a charge, or waive a fee, with a reason."""
    row = _charge(request, charge)
    is_fee = row.kind == Charge.Kind.FEE
    does = "Waive the fee" if is_fee else "Void it"

    def act(given: dict[str, Any]) -> str:
        service = waive_fee if is_fee else void_charge
        service(charge=row.pk, reason=given["reason"], actor=actor(request), now=timezone.now())
        return f"{'Waived' if is_fee else 'Void'}: {row.what}."

    asks = (
        "The patient does not pay it."
        if is_fee
        else "What is in the ledger is taken back by its opposite, and nothing is proposed again."
    )
    return _form(
        request, row.site, "why_form", f"{does}: {row.what}", WhyForm(request.POST or None), act,
        does=does, asks=asks,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@signed_in
def done(request: Asked, visit: int) -> HttpResponse:
    """When the phases of a visit really were, and what else its codes depend on."""
    found = _visit(request, visit, "run_day", "manage_billing")
    capture = Capture.objects.filter(pk=found.pk).first()
    read = read_visit(found, capture=capture)
    said = dict(capture.answers) if capture else {}
    codes, usual = diagnoses_of(found)
    form = DoneForm(
        request.POST or None,
        phases=read.done.phases,
        zone=found.site.zone,
        initial={
            **said,
            "pharmacy_drug": said.get("own_drug") is False,
            "diagnoses": "" if usual else " ".join(codes),
        },
    )

    def act(given: dict[str, Any]) -> str:
        who, now = actor(request), timezone.now()
        if "diagnoses" in form.changed_data and found.series:
            set_diagnoses(of=found.series, codes=form.codes(), actor=who, now=now)
        answer_for(
            appointment=found.pk,
            answers=form.answers(),
            times=form.corrected(on_of(found)),
            actor=who,
            now=now,
        )
        return "Kept. The charges are proposed anew."

    return _form(
        request, found.site, "done_form", f"What was done: {step_name(found)}", form, act,
        back=("desk:visit", found.pk), visit=found, kind=read.kind, usual=codes if usual else [],
    )  # fmt: skip


def as_csv(name: str, lines: list[list[str]]) -> HttpResponse:
    """A table as a file that spreadsheets open, no cell of it a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([guarded(cell) for cell in line] for line in lines)
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return kept_nowhere(response)


def _stand(request: Asked) -> str:
    stand = request.GET.get("stand", "")
    return stand if stand in STANDS else "review"


def _answer(request: Asked, site: Site, act: Callable[[], str]) -> HttpResponse:
    """Do it and say so, or say why not; then the list behind it anew."""
    try:
        tell(request, act())
    except MoneyRefused as no:
        tell(request, f"Not done. {no}")
    return behind(request, "desk:charges", site.pk)


def _form(
    request: Asked,
    site: Site,
    inner: str,
    title: str,
    form: Any,
    act: Callable[[dict[str, Any]], str],
    back: tuple[str, int] | None = None,
    **context: Any,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            tell(request, act(form.cleaned_data))
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            return behind(request, *(back or ("desk:charges", site.pk)))
    return dialog(request, inner, title, site, form, **context)


def _chosen(request: Asked, site: Site) -> list[Charge]:
    ids = [as_id(text) for text in request.POST.getlist("charge")]
    return list(Charge.objects.filter(pk__in=ids, site=site))


def _charge(request: Asked, pk: int) -> Charge:
    row = Charge.objects.select_related("site").filter(pk=pk).first()
    if row is None:
        raise Http404
    open_site(request, row.site_id, "manage_billing")
    return row


def _visit(request: Asked, pk: int, *actions: str) -> Appointment:
    """A visit at whose site one may do one of these; 404 for one that is not one's to see."""
    rows = Appointment.objects.select_related("site", "series", "protocol_version", "patient")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    open_site(request, found.site_id, *actions)
    if not may(request.user, "manage_billing", found.site):
        require(request.user, "run_day", found.site)
        if not visible_visits(request.user, rows.filter(pk=pk)).exists():
            raise Http404
    return found
