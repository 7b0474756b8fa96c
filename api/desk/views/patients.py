"""Find, add and correct patients. No address ever holds a name: searches are posted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import (
    HttpResponseClientRedirect,
    reswap,
    retarget,
    trigger_client_event,
)

from api.desk.forms import NewPatientForm, PatientForm, as_id
from api.desk.frame import (
    Asked,
    actor,
    behind,
    open_site,
    page,
    part,
    signed_in,
    sites_of,
    usual_site,
)
from api.desk.meanwhile import Change, Meanwhile, meanwhile, seen_in, theirs
from api.desk.messages import latest_of
from api.desk.people import shown_names
from api.desk.recent import note_recent, recent_patients
from api.desk.telling import tell
from api.desk.views.series import Course, courses_of
from api.permissions import NotPermitted, may, require, visible_patients
from billing.selectors.insurance import authorisation_warnings, coverages_of
from clinic.finding import dates_meant, find_patients, fold, likely_duplicates
from clinic.journal import ChangedMeanwhile, newest
from clinic.models import Patient, Site
from clinic.services.patients import MrnTaken, create_patient
from scheduling.errors import Refused
from scheduling.models.series import AHEAD
from scheduling.services.attention import correct_patient

SHOWN = 8


def open_patient(request: Asked, pk: int) -> Patient:
    """A patient one may see, or 404: whether there is such a patient is not told."""
    mine = visible_patients(request.user, Patient.objects.select_related("home_site"))
    patient = mine.filter(pk=as_id(str(pk))).first()
    if patient is None:
        raise Http404
    return patient


@require_safe
@signed_in
def patient(request: Asked, pk: int) -> HttpResponse:
    """Next, at risk, missing; every series as a picture in time; and who the patient is."""
    found = open_patient(request, pk)
    note_recent(request, pk)
    user = request.user
    courses: list[Course] = courses_of(request, found)
    site = found.home_site or usual_site(request)
    return page(
        request,
        "desk/patients/patient.html",
        patient=found,
        name=shown_names(user, [found])[found.pk],
        age=age_of(found, timezone.now().date()),
        courses=courses,
        ahead=AHEAD,
        site=usual_site(request),
        may_book=bool(site and may(user, "book_series", site)),
        may_edit=may(user, "manage_patients", found.home_site),
        sees_care=may(user, "see_care", found.home_site),
        latest=latest_of(user, found),
        sees_money=may(user, "see_balance"),
        insurance=_insurance(request, found),
    )


def _insurance(request: Asked, patient: Patient) -> dict[str, Any] | None:
    """The cards of a patient and what bookings go beyond; None for who does not see money."""
    if not may(request.user, "see_balance", patient.home_site):
        return None
    today = timezone.now().date()
    cards = coverages_of(patient)
    return {"cards": cards, "beyond": authorisation_warnings(patient, today=today)}


def age_of(patient: Patient, today: date) -> int:
    born = patient.birth_date
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: Asked, pk: int) -> HttpResponse:
    """Correct what is kept of a patient."""
    found = open_patient(request, pk)
    require(request.user, "manage_patients", found.home_site)
    initial = {field: getattr(found, field) for field in PatientForm.base_fields}
    form, drawn = PatientForm(request.POST or None, initial=initial), seen_in(request)
    seen, it = newest(f"patient:{pk}") if drawn is None else drawn, None
    try:
        if form.is_valid() and _update(request, found, form):
            tell(request, "Saved.", undo=f"patient:{pk}")
            return behind(request, "desk:patient", pk)
    except ChangedMeanwhile as late:
        it = _told(form, late, found.home_site or sites_of(request)[0])
        form, seen = PatientForm(theirs(form, late)), it.seen
    status = 409 if it else 422 if form.errors else 200
    context: dict[str, Any] = {"form": form, "patient": found, "seen": seen, "it": it}
    if request.htmx:
        return part(request, "desk/patients/edit.html", status=status, **context)
    return page(request, "desk/patients/edit_page.html", here="patients", status=status, **context)


def _told(form: PatientForm, late: ChangedMeanwhile, site: Site) -> Meanwhile:
    """The usual times have a page of their own: here it is told only that they changed."""
    it = meanwhile(form, late, site)
    times = Change("Usual times", "as they were", "as the patient’s page says", mine=False)
    changes = (times if one.field == "Preferences" else one for one in it.changes)
    return replace(it, changes=tuple(changes))


def _update(request: Asked, found: Patient, form: PatientForm) -> bool:
    try:
        correct_patient(
            patient=found.pk,
            **form.cleaned_data,
            seen=seen_in(request),
            actor=actor(request),
            now=timezone.now(),
        )
    except MrnTaken as taken:
        form.add_error("mrn", str(taken))
    except Refused as no:
        form.add_error("acuity", " ".join(refusal.message for refusal in no.refusals))
    except ValidationError as wrong:
        form.add_error(None, wrong)
    return not form.errors


@require_POST
@signed_in
def find(request: Asked) -> HttpResponse:
    """As one types: the first few by any of name, birth date, phone, MRN."""
    if not (may(request.user, "see_patients") or may(request.user, "see_own_patients")):
        raise NotPermitted("see_patients")
    q = request.POST.get("q", "").strip()[:100]
    found = find_patients(q, visible_patients(request.user, Patient.objects.all()))[: SHOWN + 1]
    names = shown_names(request.user, list(found))
    shown = [(patient, names[patient.pk]) for patient in found[:SHOWN]]
    if not q:
        shown = recent_patients(request)
    context: dict[str, Any] = {
        "q": q,
        "found": shown,
        "more": len(found) > SHOWN,
        "chooses": as_id(request.POST.get("chooses", "")),
        "may_add": may(request.user, "manage_patients"),
    }
    if request.htmx:
        return part(request, "desk/patients/found.html", **context)
    return page(request, "desk/patients/find.html", **context)


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: Asked) -> HttpResponse:
    """The quick dialog. A likely duplicate is shown before it is made; nothing typed is lost."""
    require(request.user, "manage_patients")
    site = _home(request)
    for_series = request.POST.get("for", request.GET.get("for", ""))
    if request.method == "GET" or "start" in request.POST:
        form = NewPatientForm(initial=_guess(request.POST.get("q", "")))
        return _new_form(request, form, for_series, site)
    form = NewPatientForm(request.POST)
    twins = []
    if form.is_valid() and "confirmed" not in request.POST:
        mine = visible_patients(request.user, Patient.objects.all())
        twins = likely_duplicates(form.candidate(), mine)
    patient = _create(request, form, site) if form.is_valid() and not twins else None
    if patient is None:
        return _new_form(request, form, for_series, site, twins, status=422)
    return _made(request, patient, for_series, site)


def _home(request: Asked) -> Site | None:
    """The wizard's site, or where one last was, or any site where one may add patients."""
    asked = request.POST.get("for", "")
    if asked:
        return open_site(request, as_id(asked), "manage_patients")
    usual = usual_site(request)
    mine = [site for site in sites_of(request) if may(request.user, "manage_patients", site)]
    return usual if usual in mine else next(iter(mine), None)


def _guess(q: str) -> dict[str, object]:
    """What was typed in the search, put where it belongs."""
    if meant := dates_meant(q):
        return {"birth_date": min(meant)}
    if any(sign.isdigit() for sign in q):
        return {"phone": q} if not fold(q).strip("0123456789 ") else {"mrn": q}
    given, _, family = q.strip().partition(" ")
    return {"given_name": given.capitalize(), "family_name": family.title()}


def _create(request: Asked, form: NewPatientForm, site: Site | None) -> Patient | None:
    """The new patient, or None with what is wrong said in the form."""
    try:
        return create_patient(
            **form.cleaned_data, home_site=site, actor=actor(request), now=timezone.now()
        )
    except MrnTaken as taken:
        form.add_error("mrn", str(taken))
    except ValidationError as wrong:
        form.add_error(None, wrong)
    return None


def _new_form(
    request: Asked,
    form: NewPatientForm,
    for_series: str,
    site: Site | None,
    twins: list[Patient] | None = None,
    status: int = 200,
) -> HttpResponse:
    names = shown_names(request.user, twins or [])
    shown = [(twin, names[twin.pk]) for twin in twins or []]
    context: dict[str, Any] = {
        "form": form,
        "for_series": for_series,
        "twins": shown,
        "site": site,
    }
    if request.htmx:
        return part(request, "desk/patients/new.html", status=status, **context)
    return page(request, "desk/patients/new_page.html", status=status, **context)


def _made(request: Asked, patient: Patient, for_series: str, site: Site | None) -> HttpResponse:
    """In the wizard the patient takes their place there; elsewhere their page opens."""
    if not request.htmx:
        return redirect("desk:patient", patient.pk)
    if not for_series:
        return HttpResponseClientRedirect(reverse("desk:patient", args=[patient.pk]))
    response = part(request, "desk/book/who.html", patient=patient, name=patient.name, site=site)
    reswap(retarget(response, "#who"), "outerHTML")
    return trigger_client_event(response, "patient-chosen", after="settle")
