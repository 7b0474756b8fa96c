"""What single patients pay: a sliding scale, and discounts, each with its reason."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from api.desk.frame import Asked, actor, behind, signed_in
from api.desk.money.charge_forms import DiscountForm, ScaleForm
from api.desk.money.dialogs import dialog, once_key
from api.desk.money.tabs import dollars
from api.desk.telling import tell
from api.desk.views.money.packages import patient_here
from billing.errors import MoneyRefused
from billing.models import Account
from billing.selectors import owed
from billing.services.pricing import give_discount, set_scale


@require_http_methods(["GET", "POST"])
@signed_in
def scale(request: Asked, patient: int) -> HttpResponse:
    """What a patient pays of every price they pay themselves, from now on."""
    who, site = patient_here(request, patient, "manage_billing")
    account = Account.objects.filter(pk=who.pk).first() or Account(pk=who.pk)
    initial = {"percent": account.scale_percent, "reason": account.scale_reason}
    form = ScaleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_scale(patient=who, **form.cleaned_data, actor=actor(request), now=timezone.now())
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            tell(request, f"Pays {form.cleaned_data['percent']} % from now on.")
            return behind(request, "desk:patient", who.pk)
    return dialog(request, "scale_form", "Sliding scale", site, form, patient=who)


@require_http_methods(["GET", "POST"])
@signed_in
def discount(request: Asked, patient: int) -> HttpResponse:
    """Something off what a patient owes."""
    who, site = patient_here(request, patient, "manage_billing")
    form = DiscountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            give_discount(
                patient=who,
                site=site,
                **form.cleaned_data,
                key=f"desk:{once_key(request)}",
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            tell(request, f"Discount given: {dollars(form.cleaned_data['cents'])}.")
            return behind(request, "desk:patient", who.pk)
    return dialog(
        request,
        "discount_form",
        "Give a discount",
        site,
        form,
        owed=dollars(max(0, owed(who))),
        key=once_key(request),
    )
