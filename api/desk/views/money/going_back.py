"""Money that goes back, and money that is given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_http_methods

from api.desk.frame import Asked, actor, behind, signed_in
from api.desk.money.dialogs import dialog, once_key
from api.desk.money.payment_forms import BackForm, WhyForm, plain
from api.desk.money.tabs import dollars
from api.desk.money.whose import open_payment, where_taken, whose_money
from api.desk.telling import tell
from billing.errors import MoneyRefused
from billing.models import Payment, Refund
from billing.processing import processor
from billing.selectors import owed
from billing.services.crediting import give_back_credit
from billing.services.paying import WORDS, take_back_payment, write_off
from billing.services.refunding import refund_payment


@require_http_methods(["GET", "POST"])
@signed_in
def refund(request: Asked, payment: int) -> HttpResponse:
    """Of one payment, the way it came."""
    row = open_payment(request, payment, "manage_billing")
    left = row.cents - row.refunded_cents
    if row.prepaid:
        left = min(left, row.prepaid.left_cents + max(0, -owed(row.patient_id)))
    form = BackForm(request.POST or None, initial={"cents": plain(left)})
    key, words = once_key(request), WORDS[Payment.Method(row.method)]
    context = {"key": key, "payment": row, "left": left, "words": words}

    def act() -> str:
        made = refund_payment(
            payment=row.pk,
            **form.cleaned_data,
            key=f"desk-{key}",
            processor=processor(),
            actor=actor(request),
            now=timezone.now(),
        )
        if made.state == Refund.State.FAILED:
            context["key"] = get_random_string(24)  # That one is over: the next is another.
            raise MoneyRefused("refund_was_taken", made.reason)
        sure = "Given back" if made.state == Refund.State.DONE else "On its way back"
        return f"{sure}: {dollars(made.cents)} by {words}."

    return _done_or_asked(request, row.patient_id, form, act) or dialog(
        request, "refund_form", "Refund", row.site, form, **context
    )


@require_http_methods(["GET", "POST"])
@signed_in
def take_back(request: Asked, payment: int) -> HttpResponse:
    """A payment entered by mistake, on the same day."""
    row = open_payment(request, payment, "take_payments")
    form = WhyForm(request.POST or None)

    def act() -> str:
        take_back_payment(
            payment=row.pk, **form.cleaned_data, actor=actor(request), now=timezone.now()
        )
        return f"Taken back: {dollars(row.cents)}. Give the money back, if it was there."

    return _done_or_asked(request, row.patient_id, form, act) or dialog(
        request, "take_back_form", "Entered by mistake", row.site, form, payment=row
    )


@require_http_methods(["GET", "POST"])
@signed_in
def credit(request: Asked, patient: int) -> HttpResponse:
    """What was paid too much."""
    found = whose_money(request, patient, "manage_billing")
    site = where_taken(request, found, "manage_billing")
    held = max(0, -owed(found))
    form = BackForm(request.POST or None, initial={"cents": plain(held)})
    key = once_key(request)

    def act() -> str:
        made = give_back_credit(
            patient=found.pk,
            site=site,
            **form.cleaned_data,
            key=f"desk-{key}",
            processor=processor(),
            actor=actor(request),
            now=timezone.now(),
        )
        ways = {WORDS[Payment.Method(one.payment.method)] for one in made}
        return f"Given back: {dollars(sum(one.cents for one in made))} by {' and '.join(ways)}."

    return _done_or_asked(request, found.pk, form, act) or dialog(
        request, "credit_form", "Give back a credit", site, form, key=key, held=held
    )


@require_http_methods(["GET", "POST"])
@signed_in
def give_up(request: Asked, patient: int) -> HttpResponse:
    """What is owed and will not be asked for any more."""
    found = whose_money(request, patient, "manage_billing")
    site = where_taken(request, found, "manage_billing")
    due = max(0, owed(found))
    form = BackForm(request.POST or None, initial={"cents": plain(due)})
    key = once_key(request)

    def act() -> str:
        write_off(
            patient=found.pk,
            site=site,
            **form.cleaned_data,
            key=key,
            actor=actor(request),
            now=timezone.now(),
        )
        return f"Written off: {dollars(form.cleaned_data['cents'])}."

    return _done_or_asked(request, found.pk, form, act) or dialog(
        request, "write_off_form", "Write off", site, form, key=key, due=due
    )


def _done_or_asked(
    request: Asked, patient: int, form: Form, act: Callable[[], str]
) -> HttpResponse | None:
    """The page behind once it is done; None while the form has to be shown."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        said: Any = act()
    except MoneyRefused as no:
        form.add_error(None, str(no))
        return None
    tell(request, said)
    return behind(request, "desk:patient-money", patient)
