"""A patient's link to an amount: paid by card where that is on, else how to pay at the clinic.

Whoever has the address sees the clinic's neutral name and the amount: not who, and not for what.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from api.desk.quiet import quiet, too_many
from api.rate import Limit
from billing.errors import MoneyRefused
from billing.models import Payment
from billing.processing import Declined, Intent, Processor, Unanswered, processor
from billing.services.online import begin_link, link_stands, payment_by, settle_intent
from clinic.journal import Actor

TRIES = Limit("pay", rate=0.2, burst=30)
PATIENT = Actor(name="patient, by link", door="link")
STRIPE_JS = "https://js.stripe.com"
# What the processor's own form needs, on this page only.
ALLOWED = {
    "script-src": STRIPE_JS,
    "frame-src": [STRIPE_JS, "https://*.js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": "https://api.stripe.com",
}


@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, secret: str) -> HttpResponse:
    """What is unknown answers as what is over. `do` is begin or done."""
    if refused := too_many(request, TRIES):
        return refused
    row = payment_by(secret)
    if row is None:
        return quiet(render(request, "desk/due/over.html", status=404))
    cards, said, intent = processor(), "", None
    if request.method == "POST" and cards:
        try:
            intent = _done(row, cards, request.POST.get("do") == "done", "keep" in request.POST)
        except (Declined, Unanswered, MoneyRefused) as no:
            said = str(no)
        if intent is None and not said:
            return quiet(redirect("desk:pay", secret))
    context: dict[str, Any] = {
        "row": row,
        "site": row.site,
        "stands": link_stands(row, timezone.now()),
        "on_line": cards is not None,
        "said": said,
        "intent": intent,
        "publishable": settings.STRIPE_PUBLISHABLE_KEY,
        "stripe_js": f"{STRIPE_JS}/v3/",
        "back": settings.PUBLIC_URL + reverse("desk:pay", args=[secret]),
        "came_back": "redirect_status" in request.GET,
    }
    answer = quiet(render(request, "desk/money/pay.html", context, status=409 if said else 200))
    if intent:
        answer._csp_update = ALLOWED  # type: ignore[attr-defined]
    return answer


def _done(row: Payment, cards: Processor, is_done: bool, keeps: bool) -> Intent | None:
    """The charge for the browser to finish; None once it was asked what became of it."""
    if not is_done:
        begun = begin_link(payment=row.pk, processor=cards, keeps=keeps, now=timezone.now())
        if begun.status != "succeeded":
            return begun
        row.intent = begun.id
    if row.intent:
        told = cards.intent(row.intent)
        settle_intent(intent=told, actor=PATIENT, now=timezone.now())
    return None
