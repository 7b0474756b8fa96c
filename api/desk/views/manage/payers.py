"""Payers, how a site files claims, and the numbers of its clinicians."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk.forms import as_id
from api.desk.frame import Asked, actor, open_site, page, signed_in
from api.desk.money.claim_forms import FilingForm, PayerForm, ProviderForm
from api.desk.telling import tell
from api.permissions import require
from billing.errors import MoneyRefused
from billing.models import Filing, Payer, Policy, ProviderNumber
from billing.services.insuring import save_filing, save_payer, save_provider
from clinic.models import Staff

CLINICAL = {"prescriber", "therapist"}


@require_safe
@signed_in
def payers(request: Asked) -> HttpResponse:
    """Every payer; those not in use last."""
    require(request.user, "manage_prices")
    rows = Payer.objects.order_by("-active", "name")
    return page(request, "desk/manage/payers.html", here="manage", tab="payers", rows=rows)


@require_http_methods(["GET", "POST"])
@signed_in
def new_payer(request: Asked) -> HttpResponse:
    """Another payer."""
    require(request.user, "manage_prices")
    return _save(request, None, PayerForm(request.POST or None))


@require_http_methods(["GET", "POST"])
@signed_in
def payer(request: Asked, payer: str) -> HttpResponse:
    """Correct a payer."""
    require(request.user, "manage_prices")
    row = Payer.objects.filter(pk=as_id(payer)).first()
    if row is None:
        raise Http404
    return _save(request, row, PayerForm(request.POST or None, initial=PayerForm.told(row)))


def _save(request: Asked, row: Payer | None, form: PayerForm) -> HttpResponse:
    if form.is_valid():
        facts = form.facts(row.rules if row else {})
        try:
            save_payer(payer=row, facts=facts, actor=actor(request), now=timezone.now())
        except MoneyRefused as no:
            form.add_error("name", str(no))
        else:
            tell(request, "Saved.")
            return redirect("desk:payers")
    return page(
        request,
        "desk/manage/payer.html",
        here="manage",
        tab="payers",
        form=form,
        payer=row,
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@signed_in
def filing(request: Asked, site: int) -> HttpResponse:
    """Who bills at this site, who sends to whom, and its clinicians with their numbers."""
    place = open_site(request, site, "manage_prices")
    policy = Policy.objects.filter(site=place).first()
    row = Filing.objects.filter(site=place).first()
    form = FilingForm(request.POST or None, site=place, initial=FilingForm.told(policy, row))
    if form.is_valid():
        practice, facts = form.facts()
        try:
            save_filing(
                site=place,
                practice=practice,
                facts=facts,
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(_FIELDS.get(no.rule), str(no))
        else:
            tell(request, "Saved.")
            return redirect("desk:filing", place.pk)
    people = Staff.objects.filter(sites=place, active=True).select_related("numbers")
    clinicians = [one for one in people if CLINICAL & set(one.roles)]
    return page(
        request,
        "desk/manage/filing.html",
        here="manage",
        tab="filing",
        site=place,
        form=form,
        clinicians=[(one, getattr(one, "numbers", None)) for one in clinicians],
        status=422 if form.errors else 200,
    )


_FIELDS = {
    "npi_is_right": "npi",
    "tax_id_has_nine_digits": "tax_id",
    "taxonomy_is_right": "taxonomy",
}


@require_http_methods(["GET", "POST"])
@signed_in
def provider(request: Asked, site: int, staff: int) -> HttpResponse:
    """A clinician's numbers."""
    place = open_site(request, site, "manage_prices")
    found = Staff.objects.filter(sites=place, pk=staff).first()
    if found is None:
        raise Http404
    row = ProviderNumber.objects.filter(pk=staff).first() or ProviderNumber()
    kept = {name: getattr(row, name) for name in ("npi", "taxonomy", "letters")}
    form = ProviderForm(request.POST or None, initial=kept)
    if form.is_valid():
        try:
            save_provider(
                staff=found, facts=form.cleaned_data, actor=actor(request), now=timezone.now()
            )
        except MoneyRefused as no:
            form.add_error(_FIELDS.get(no.rule), str(no))
        else:
            tell(request, "Saved.")
            return redirect("desk:filing", place.pk)
    return page(
        request,
        "desk/manage/provider.html",
        here="manage",
        tab="filing",
        site=place,
        form=form,
        staff=found,
        status=422 if form.errors else 200,
    )
