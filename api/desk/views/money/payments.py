"""Money that comes in: at the desk, by a link, from a card that is kept."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_http_methods, require_POST

from api.desk.forms import as_id
from api.desk.frame import Asked, actor, behind, signed_in
from api.desk.money.dialogs import dialog, once_key
from api.desk.money.payment_forms import OWED, ForForm, TakeForm, plain
from api.desk.money.tabs import dollars
from api.desk.money.whose import where_taken, whose_money
from api.desk.telling import tell
from billing.errors import MoneyRefused
from billing.models import Payment, Prepaid
from billing.processing import Declined, Unanswered, processor
from billing.selectors import owed
from billing.services.online import charge_kept_card, forget_kept_card, kept_card_of, make_link
from billing.services.paying import WORDS, room_of, take_payment
from clinic.models import Patient


@require_http_methods(["GET", "POST"])
@signed_in
def take(request: Asked, patient: int) -> HttpResponse:
    """Cash, card or check; what is more than owed stays as a credit."""
    found = whose_money(request, patient, "take_payments")
    site = where_taken(request, found, "take_payments")
    form = TakeForm(request.POST or None, **_asked(request, found))
    key = once_key(request)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            paid = take_payment(
                patient=found.pk,
                site=site,
                method=given["method"],
                cents=given["cents"],
                key=f"desk-{key}",
                prepaid=given["of"],
                reference=given["reference"],
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            tell(request, f"Taken: {dollars(paid.cents)} by {WORDS[Payment.Method(paid.method)]}.")
            return behind(request, "desk:patient-money", found.pk)
    return dialog(request, "take_form", "Take a payment", site, form, key=key)


@require_http_methods(["GET", "POST"])
@signed_in
def link(request: Asked, patient: int) -> HttpResponse:
    """An address that the patient opens to see the amount and how to pay it."""
    found = whose_money(request, patient, "take_payments")
    site = where_taken(request, found, "take_payments")
    form = ForForm(request.POST or None, **_asked(request, found))
    made = ""
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = make_link(
                patient=found.pk,
                site=site,
                cents=form.cleaned_data["cents"],
                prepaid=form.cleaned_data["of"],
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            made = settings.PUBLIC_URL + reverse("desk:pay", args=[secret])
    on_line = processor() is not None
    return dialog(request, "link_form", "Payment link", site, form, made=made, on_line=on_line)


@require_http_methods(["GET", "POST"])
@signed_in
def kept_card(request: Asked, patient: int) -> HttpResponse:
    """Charge the card that the patient agreed to have kept."""
    found = whose_money(request, patient, "take_payments")
    site = where_taken(request, found, "take_payments")
    form, key = ForForm(request.POST or None, **_asked(request, found)), once_key(request)
    cards, card, away = processor(), None, ""
    try:
        card = kept_card_of(found.pk, cards) if cards else None
    except (Declined, Unanswered) as lost:
        away = str(lost)
    if request.method == "POST" and form.is_valid() and cards and card:
        try:
            paid = charge_kept_card(
                patient=found.pk,
                site=site,
                cents=form.cleaned_data["cents"],
                key=f"desk-{key}",
                prepaid=form.cleaned_data["of"],
                processor=cards,
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error(None, str(no))
        except (Declined, Unanswered) as no:
            form.add_error(None, str(no))
            key = get_random_string(24)  # That charge is over: the next try is another one.
        else:
            sure = paid.state == Payment.State.RECEIVED
            said = "Charged" if sure else "Under way, and shown here once it is certain"
            tell(request, f"{said}: {dollars(paid.cents)} to the card that ends in {card.last4}.")
            return behind(request, "desk:patient-money", found.pk)
    return dialog(
        request,
        "kept_card_form",
        "Charge the kept card",
        site,
        form,
        key=key,
        patient=found,
        card=card,
        away=away,
    )


@require_POST
@signed_in
def forget(request: Asked, patient: int) -> HttpResponse:
    """The patient does not want their card kept any more."""
    found = whose_money(request, patient, "take_payments")
    if cards := processor():
        try:
            forget_kept_card(
                patient=found.pk, processor=cards, actor=actor(request), now=timezone.now()
            )
        except (Declined, Unanswered) as lost:
            tell(request, f"The card is still kept: {lost}")
        else:
            tell(request, "No card is kept any more.")
    return behind(request, "desk:patient-money", found.pk)


def _asked(request: Asked, patient: Patient) -> dict[str, Any]:
    """For the form: what is owed, and the package that a button named."""
    due, courses = owed(patient), list(Prepaid.objects.filter(patient=patient))
    named = as_id(request.GET.get("of", ""))
    course = next((one for one in courses if one.pk == named), None)
    most = room_of(course) if course else max(0, due)
    initial = {"cents": plain(most) if most else "", "of": str(course.pk) if course else OWED}
    return {"due": due, "courses": courses, "initial": initial}
