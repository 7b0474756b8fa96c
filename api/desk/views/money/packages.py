"""Packages and deposits: sold and taken at the desk, listed, ended with the rest given back."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk.frame import Asked, actor, behind, open_site, page, signed_in, usual_site
from api.desk.money.charge_forms import DepositForm, EndForm, SellForm
from api.desk.money.charges import covered
from api.desk.money.dialogs import dialog, once_key
from api.desk.money.tabs import dollars
from api.desk.people import shown_names
from api.desk.telling import tell
from api.desk.views.money.charges import as_csv
from api.permissions import may, require, visible_patients
from billing.errors import MoneyRefused
from billing.models import Prepaid
from billing.selectors.packages import due_by
from billing.selectors.prices import offers_on, policy_of
from billing.services.packages import refund_of, refund_unearned, sell_package, take_deposit
from clinic.models import Patient, Site
from scheduling.models import Series

PER_PAGE = 40
STATES = {"open": "Running", "used": "Used up", "ended": "Ended"}


@require_safe
@signed_in
def listed(request: Asked, site: int) -> HttpResponse:
    """Packages and deposits of a site; those with an instalment overdue are marked."""
    place = open_site(request, site, "see_billing")
    state = request.GET.get("state", "")
    state = state if state in STATES else "open"
    rows = Prepaid.objects.filter(site=place)
    shown = Paginator(
        rows.filter(state=state).select_related("patient", "series__protocol_version"), PER_PAGE
    ).get_page(request.GET.get("page"))
    today = timezone.now().astimezone(place.zone).date()
    names = shown_names(request.user, [one.patient for one in shown])
    return page(
        request,
        "desk/money/packages.html",
        here="money",
        tab="packages",
        site=place,
        rows=[(one, names[one.patient_id], due_by(one, today)) for one in shown],
        shown=shown,
        state=state,
        states=STATES,
        total=rows.count(),
        may_manage=may(request.user, "manage_billing", place),
        may_price=may(request.user, "manage_prices", place),
    )


@require_safe
@signed_in
def file(request: Asked, site: int) -> HttpResponse:
    """Every package and deposit of a site as CSV; patients by MRN."""
    place = open_site(request, site, "see_billing")
    today = timezone.now().astimezone(place.zone).date()
    lines = [
        ["MRN", "Name", "Kind", "State", "Sold", "Price", "Paid", "Left", "Visits", "Delivered",
         "Due now"],
    ]  # fmt: skip
    for one in Prepaid.objects.filter(site=place).select_related("patient"):
        cents = (one.cents, one.paid_cents, one.left_cents)
        price, paid, left = (f"{each // 100}.{each % 100:02}" for each in cents)
        due = due_by(one, today)
        sold = one.sold_at.astimezone(place.zone).date().isoformat()
        lines.append(
            [one.patient.mrn, one.name, one.kind, one.state, sold, price, paid, left,
             str(one.visits), str(one.visits_drawn), f"{due // 100}.{due % 100:02}"]
        )  # fmt: skip
    return as_csv("packages.csv", lines)


@require_http_methods(["GET", "POST"])
@signed_in
def sell(request: Asked, patient: int) -> HttpResponse:
    """Sell a package to a patient, with its first payment or without."""
    who, site = patient_here(request, patient, "take_payments")
    today = timezone.now().astimezone(site.zone).date()
    offers = offers_on(site=site, on=today)
    series = _series(who, site)
    asked = series.filter(pk=request.GET.get("series") or 0).first() or series.first()
    key = asked.protocol_version.protocol.key if asked else ""
    usual = [offers.filter(protocol_key=own).first() for own in (key, "")]
    fits = next((one for one in [*usual, offers.first()] if one), None)
    form = SellForm(request.POST or None, initial={"offer": fits, "series": asked})
    form.fields["offer"].queryset = offers  # type: ignore[attr-defined]
    form.fields["offer"].label_from_instance = _offer_text  # type: ignore[attr-defined]
    _name_series(form, series)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            package = sell_package(
                patient=who,
                offer=given["offer"],
                series=given["series"],
                parts=given["parts"],
                paid_cents=given["paid"] or 0,
                method=given["method"],
                key=f"desk:{once_key(request)}",
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            paid = f", {dollars(package.paid_cents)} paid" if package.paid_cents else ""
            tell(request, f"Sold: {package.name}{paid}.")
            return behind(request, "desk:patient", who.pk)
    return dialog(
        request,
        "sell_form",
        "Sell a package",
        site,
        form,
        patient=who,
        offers=offers,
        key=once_key(request),
        may_price=may(request.user, "manage_prices", site),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def deposit(request: Asked, patient: int) -> HttpResponse:
    """Take a deposit from a patient."""
    who, site = patient_here(request, patient, "take_payments")
    series = _series(who, site)
    asked = series.filter(pk=request.GET.get("series") or 0).first() or series.first()
    usual = policy_of(site).deposit_cents
    form = DepositForm(request.POST or None, initial={"series": asked, "cents": usual or None})
    _name_series(form, series)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            take_deposit(
                patient=who,
                site=site,
                cents=given["cents"],
                method=given["method"],
                series=given["series"],
                key=f"desk:{once_key(request)}",
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            tell(request, f"Deposit taken: {dollars(given['cents'])}.")
            return behind(request, "desk:patient", who.pk)
    return dialog(
        request, "deposit_form", "Take a deposit", site, form, patient=who, key=once_key(request)
    )


@require_http_methods(["GET", "POST"])
@signed_in
def end(request: Asked, prepaid: int) -> HttpResponse:
    """End a package or deposit: what is not earned goes back, less what the policy keeps."""
    row = Prepaid.objects.select_related("site").filter(pk=prepaid).first()
    if row is None:
        raise Http404
    site = open_site(request, row.site_id, "manage_billing")
    back, kept = refund_of(row)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            refund_unearned(
                prepaid=row.pk,
                **form.cleaned_data,
                key=f"end:{row.pk}:{once_key(request)}",
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            tell(request, f"Ended: {row.name}. {dollars(back)} given back.")
            return behind(request, "desk:packages", site.pk)
    return dialog(
        request,
        "end_form",
        f"End {row.name}",
        site,
        form,
        row=row,
        back=dollars(back),
        kept=dollars(kept) if kept else "",
        key=once_key(request),
    )


def offers_a_deposit(request: Asked, series: Series) -> bool:
    """Whether to offer a package or deposit for a series just booked: none was sold for it yet."""
    site = series.site
    if not may(request.user, "take_payments", site):
        return False
    if Prepaid.objects.filter(series=series).exists():
        return False
    today = timezone.now().astimezone(site.zone).date()
    return policy_of(site).deposit_cents > 0 or offers_on(site=site, on=today).exists()


def patient_here(request: Asked, pk: int, action: str) -> tuple[Patient, Site]:
    """A patient one may see, and the site where one may do this for them."""
    mine = visible_patients(request.user, Patient.objects.select_related("home_site"))
    who = mine.filter(pk=pk).first()
    if who is None:
        raise Http404
    site = who.home_site or usual_site(request)
    if site is None:
        raise Http404
    require(request.user, action, site)
    return who, site


def _series(patient: Patient, site: Site) -> Any:
    rows = Series.objects.filter(patient=patient, site=site, status=Series.State.ACTIVE)
    return rows.select_related("protocol_version__protocol")


def _name_series(form: Any, series: Any) -> None:
    field = form.fields["series"]
    field.queryset = series
    field.label_from_instance = lambda one: f"{one.protocol_version.name}, from {one.d0:%-d %b %Y}"


def _offer_text(offer: Any) -> str:
    return f"{offer.name}: {dollars(offer.cents)} for {covered(offer.covers)}"


__all__ = ["deposit", "end", "file", "listed", "offers_a_deposit", "patient_here", "sell"]
