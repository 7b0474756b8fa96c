"""One claim: what is wrong with it, what it asks for, and what the payer answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from api.desk.forms import DeskForm
from api.desk.frame import Asked, actor, page, signed_in
from api.desk.money.claim_forms import AmendForm, PaidForm, ReasonForm, ReopenForm
from api.desk.money.claim_looks import look, troubles
from api.desk.money.tabs import dollars
from api.desk.telling import tell
from api.permissions import may, sites_for
from billing.checks import UNLISTED
from billing.errors import MoneyRefused
from billing.models import Claim
from billing.selectors.claims import days_left, last_day, whole_claims
from billing.services.claim_answers import record_denied, record_paid, take_back_answer
from billing.services.claiming import amend_claim, reopen_claim, void_claim


def open_claim(request: Asked, pk: int, action: str = "see_billing") -> Claim:
    """A claim of a site where the action is allowed, or 404."""
    rows = whole_claims().filter(sites_for(request.user, action).q())
    found = rows.filter(pk=pk).first() if sites_for(request.user, action) else None
    if found is None:
        raise Http404
    return found


@require_safe
@signed_in
def claim(request: Asked, pk: int) -> HttpResponse:
    """One claim: what is wrong, where to put it right, what it asks for, what became of it."""
    return _claim(request, open_claim(request, pk))


def _claim(request: Asked, found: Claim, **forms: DeskForm) -> HttpResponse:
    user, site = request.user, found.site
    today = timezone.now().astimezone(site.zone).date()
    charges = [line.charge for line in found.claimed.all()]
    answers = list(found.answers.all())
    wrong = any(form.errors for form in forms.values())
    context: dict[str, Any] = {
        "amend": AmendForm(initial={"diagnoses": " ".join(found.facts.get("diagnoses", ()))}),
        "paid": PaidForm(initial={"on": today, "method": "check"}),
        "denied": ReasonForm(prefix="denied"),
        "void": ReasonForm(prefix="void"),
        "taken_back": ReasonForm(prefix="back"),
        "reopen": ReopenForm(),
        **forms,
    }
    return page(
        request,
        "desk/money/claim.html",
        here="money",
        tab="claims",
        site=site,
        claim=found,
        look=look(found.state),
        troubles=troubles(found, user),
        amount=dollars(found.cents),
        left=days_left(found, today),
        last_day=last_day(found),
        charges=[(one, dollars(one.cents), one.code in UNLISTED) for one in charges],
        answers=[
            (one, dollars(one.paid_cents), dollars(one.adjusted_cents), dollars(one.patient_cents))
            for one in answers
        ],
        may_act=may(user, "manage_billing", site),
        status=422 if wrong else 200,
        **context,
    )


@require_POST
@signed_in
def amend(request: Asked, pk: int) -> HttpResponse:
    """Write diagnoses and words of a claim that is not sent."""
    found = open_claim(request, pk, "manage_billing")
    form = AmendForm(request.POST)
    said = {
        line.charge_id: request.POST.get(f"words-{line.charge_id}", "").strip()
        for line in found.claimed.all()
        if f"words-{line.charge_id}" in request.POST
    }

    def write() -> None:
        amend_claim(
            claim=found,
            diagnoses=form.codes(),
            words=said,
            actor=actor(request),
            now=timezone.now(),
        )

    return _act(request, found, "amend", form, write, "Saved and looked at again.")


@require_POST
@signed_in
def paid(request: Asked, pk: int) -> HttpResponse:
    """The payer paid."""
    found = open_claim(request, pk, "manage_billing")
    form = PaidForm(request.POST)

    def write() -> None:
        given = form.cleaned_data
        given["adjusted_cents"] = given["adjusted_cents"] or 0
        record_paid(claim=found, **given, actor=actor(request), now=timezone.now())

    return _act(request, found, "paid", form, write, "Posted. What is left is the patient’s.")


@require_POST
@signed_in
def denied(request: Asked, pk: int) -> HttpResponse:
    """The payer pays nothing."""
    found = open_claim(request, pk, "manage_billing")
    form = ReasonForm(request.POST, prefix="denied")

    def write() -> None:
        reason = form.cleaned_data["reason"]
        record_denied(claim=found, reason=reason, actor=actor(request), now=timezone.now())

    return _act(request, found, "denied", form, write, "Marked as denied.")


@require_POST
@signed_in
def take_back(request: Asked, pk: int) -> HttpResponse:
    """An answer was entered by mistake."""
    found = open_claim(request, pk, "manage_billing")
    form = ReasonForm(request.POST, prefix="back")

    def write() -> None:
        reason = form.cleaned_data["reason"]
        take_back_answer(claim=found, reason=reason, actor=actor(request), now=timezone.now())

    return _act(request, found, "taken_back", form, write, "Taken back; the claim waits again.")


@require_POST
@signed_in
def reopen(request: Asked, pk: int) -> HttpResponse:
    """Correct it, and send it again."""
    found = open_claim(request, pk, "manage_billing")
    form = ReopenForm(request.POST)

    def write() -> None:
        number = form.cleaned_data["payer_number"]
        reopen_claim(claim=found, payer_number=number, actor=actor(request), now=timezone.now())

    return _act(request, found, "reopen", form, write, "Taken up again.")


@require_POST
@signed_in
def void(request: Asked, pk: int) -> HttpResponse:
    """Give it up; its charges can be claimed anew."""
    found = open_claim(request, pk, "manage_billing")
    form = ReasonForm(request.POST, prefix="void")

    def write() -> None:
        reason = form.cleaned_data["reason"]
        void_claim(claim=found, reason=reason, actor=actor(request), now=timezone.now())

    return _act(request, found, "void", form, write, "Given up; its charges wait to be claimed.")


def _act(
    request: Asked,
    claim: Claim,
    name: str,
    form: DeskForm,
    write: Callable[[], None],
    told: str,
) -> HttpResponse:
    """Do what a form of the claim's page says, or show the page with what is wrong in it."""
    if form.is_valid():
        try:
            write()
        except MoneyRefused as no:
            form.add_error(None, str(no))
        else:
            tell(request, told)
            return redirect("desk:claim", claim.pk)
    return _claim(request, claim, **{name: form})
