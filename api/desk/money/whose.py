"""Whose money a page of billing is about, and at which site it is taken."""

from __future__ import annotations

from django.http import Http404

from api.desk.frame import Asked, sites_of, usual_site
from api.permissions import NotPermitted, may, patients_of, require, sites_for
from billing.models import Payment
from clinic.models import Patient, Site


def whose_money(request: Asked, pk: int, action: str) -> Patient:
    """A patient of a site where the action is allowed; 404 for others, NotPermitted nowhere."""
    reach = sites_for(request.user, action)
    if not reach:
        raise NotPermitted(action)
    mine = patients_of(reach, Patient.objects.select_related("home_site"))
    found = mine.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def where_taken(request: Asked, patient: Patient, action: str) -> Site:
    """Where somebody is, if they may there; else the patient's own site, else the first."""
    places = [usual_site(request), patient.home_site, *sites_of(request)]
    return next(site for site in places if site and may(request.user, action, site))


def open_payment(request: Asked, pk: int, action: str) -> Payment:
    """A payment at a site where the action is allowed; 404 or NotPermitted."""
    rows = Payment.objects.select_related("site", "patient", "prepaid", "entry")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    require(request.user, action, found.site)
    return found
