"""A patient's insurance: the card, what payers allowed, and where bookings go beyond it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk.forms import DeskForm
from api.desk.frame import Asked, actor, page, signed_in, usual_site
from api.desk.money.claim_forms import ADDRESS, AuthorisationForm, CoverageForm, DetailsForm
from api.desk.people import shown_names
from api.desk.telling import tell
from api.permissions import may, patients_of, sites_for
from billing.errors import MoneyRefused
from billing.models import Authorisation, Coverage, PatientDetails, Payer
from billing.selectors.insurance import authorisation_warnings, coverages_of, uses
from billing.services.insuring import save_authorisation, save_coverage, save_details
from clinic.models import Patient


def open_insured(request: Asked, pk: int, action: str = "see_balance") -> Patient:
    """A patient of a site where the action is allowed, or 404."""
    rows = Patient.objects.select_related("home_site", "details")
    found = patients_of(sites_for(request.user, action), rows).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
@signed_in
def insurance(request: Asked, pk: int) -> HttpResponse:
    """Coverages, what was authorised with what of it is used, and what goes beyond."""
    found = open_insured(request, pk)
    coverages = coverages_of(found)
    used = uses(found, coverages)
    site = found.home_site or usual_site(request)
    now = timezone.now()
    return page(
        request,
        "desk/money/insurance.html",
        here="patients",
        patient=found,
        name=shown_names(request.user, [found])[found.pk],
        coverages=[
            (one, [used[given.pk] for given in one.authorisations.all()]) for one in coverages
        ],
        details=getattr(found, "details", None),
        warnings=authorisation_warnings(
            found, today=(now.astimezone(site.zone) if site else now).date()
        ),
        has_payers=Payer.objects.filter(active=True).exists(),
        may_edit=may(request.user, "take_payments", found.home_site),
        may_set_up=may(request.user, "manage_prices"),
        sees_patient=may(request.user, "see_patients"),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def details(request: Asked, pk: int) -> HttpResponse:
    """Sex and address, as the insurer has them."""
    found = open_insured(request, pk, "take_payments")
    row: PatientDetails | None = getattr(found, "details", None)
    kept = {name: getattr(row, name) for name in ("sex", *ADDRESS)} if row else {}
    form = DetailsForm(request.POST or None, initial=kept)
    if form.is_valid():
        save_details(
            patient=found, facts=form.cleaned_data, actor=actor(request), now=timezone.now()
        )
        tell(request, "Saved.")
        return redirect("desk:insurance", pk)
    return _form(request, found, form, "Sex and address", "details")


@require_http_methods(["GET", "POST"])
@signed_in
def new_coverage(request: Asked, pk: int) -> HttpResponse:
    """Another card."""
    found = open_insured(request, pk, "take_payments")
    today = timezone.now().date().replace(month=1, day=1)
    form = CoverageForm(request.POST or None, initial={"first": today})
    return _save_coverage(request, found, None, form)


@require_http_methods(["GET", "POST"])
@signed_in
def coverage(request: Asked, coverage: int) -> HttpResponse:
    """Correct a card, or end it."""
    row = Coverage.objects.select_related("payer").filter(pk=coverage).first()
    if row is None:
        raise Http404
    found = open_insured(request, row.patient_id, "take_payments")
    form = CoverageForm(request.POST or None, initial=CoverageForm.told(row))
    return _save_coverage(request, found, row, form)


def _save_coverage(
    request: Asked, patient: Patient, row: Coverage | None, form: CoverageForm
) -> HttpResponse:
    if form.is_valid():
        try:
            save_coverage(
                patient=patient,
                coverage=row,
                facts=form.facts(),
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error("last", str(no))
        else:
            tell(request, "Saved.")
            return redirect("desk:insurance", patient.pk)
    return _form(request, patient, form, "Coverage" if row else "Add a coverage", "coverage")


@require_http_methods(["GET", "POST"])
@signed_in
def new_authorisation(request: Asked, coverage: int) -> HttpResponse:
    """What the payer allowed."""
    row = Coverage.objects.select_related("patient__home_site").filter(pk=coverage).first()
    if row is None:
        raise Http404
    return _save_authorisation(request, row, None, AuthorisationForm(request.POST or None))


@require_http_methods(["GET", "POST"])
@signed_in
def authorisation(request: Asked, authorisation: int) -> HttpResponse:
    """Correct what the payer allowed."""
    rows = Authorisation.objects.select_related("coverage__patient__home_site")
    row = rows.filter(pk=authorisation).first()
    if row is None:
        raise Http404
    form = AuthorisationForm(request.POST or None, initial=AuthorisationForm.told(row))
    return _save_authorisation(request, row.coverage, row, form)


def _save_authorisation(
    request: Asked, of: Coverage, row: Authorisation | None, form: AuthorisationForm
) -> HttpResponse:
    patient = open_insured(request, of.patient_id, "take_payments")
    if form.is_valid():
        try:
            save_authorisation(
                coverage=of,
                authorisation=row,
                facts=form.cleaned_data,
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error("last", str(no))
        else:
            tell(request, "Saved.")
            return redirect("desk:insurance", patient.pk)
    title = "Authorisation" if row else "Add an authorisation"
    return _form(request, patient, form, title, "authorisation")


def _form(request: Asked, patient: Patient, form: DeskForm, title: str, which: str) -> HttpResponse:
    return page(
        request,
        "desk/money/insurance_form.html",
        here="patients",
        patient=patient,
        form=form,
        heading=title,
        which=which,
        status=422 if form.errors else 200,
    )
