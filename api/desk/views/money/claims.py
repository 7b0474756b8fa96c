"""Claims: the worklist, one claim with what is wrong with it, files, and what payers answer."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from api.desk import words
from api.desk.forms import DeskForm
from api.desk.frame import Asked, actor, kept_nowhere, open_site, page, signed_in
from api.desk.money.claim_forms import AmendForm, PaidForm, ReasonForm, ReopenForm
from api.desk.money.claim_looks import LOOKS, look, troubles
from api.desk.money.tabs import dollars
from api.desk.people import shown_names
from api.desk.telling import tell
from api.permissions import may, sites_for
from billing.checks import UNLISTED
from billing.errors import MoneyRefused
from billing.models import Claim, ClaimBatch
from billing.selectors.claims import (
    SHOWN,
    batches,
    days_left,
    last_day,
    totals,
    waiting,
    whole_claims,
    worklist,
)
from billing.services.claim_answers import record_denied, record_paid, take_back_answer
from billing.services.claim_files import send_claims
from billing.services.claiming import (
    amend_claim,
    make_claims,
    recheck_claims,
    reopen_claim,
    void_claim,
)
from clinic.imports.table import guarded
from clinic.models import Site

VIEWS = {"todo": "To do", "sent": "Sent", "paid": "Paid", "all": "All"}


def open_claim(request: Asked, pk: int, action: str = "see_billing") -> Claim:
    """A claim of a site where the action is allowed, or 404."""
    rows = whole_claims().filter(sites_for(request.user, action).q())
    found = rows.filter(pk=pk).first() if sites_for(request.user, action) else None
    if found is None:
        raise Http404
    return found


@require_safe
@signed_in
def claims(request: Asked, site: int) -> HttpResponse:
    """What to do first, with the days until the payer takes it no more."""
    place = open_site(request, site, "see_billing")
    return _list(request, place)


def _list(request: Asked, site: Site, refused: str = "", status: int = 200) -> HttpResponse:
    now = timezone.now()
    today = now.astimezone(site.zone).date()
    show = request.GET.get("show", "todo")
    show = show if show in SHOWN else "todo"
    rows = worklist(site, show, today=today)
    charges, cents, late = waiting(site, today=today)
    names = shown_names(request.user, [row.claim.patient for row in rows])
    sums = totals(site)
    return page(
        request,
        "desk/money/claims.html",
        here="money",
        tab="claims",
        site=site,
        rows=[
            (row, names[row.claim.patient_id], look(row.claim.state), dollars(row.claim.cents))
            for row in rows
        ],
        show=show,
        views=VIEWS,
        waiting=charges,
        waiting_cents=dollars(cents),
        waiting_late=late,
        sums=[(LOOKS[state], dollars(sums.get(state, 0))) for state in list(LOOKS)[:5]],
        any_at_all=bool(sums),
        may_act=may(request.user, "manage_billing", site),
        may_set_up=may(request.user, "manage_prices", site),
        refused=refused,
        status=status,
    )


@require_safe
@signed_in
def file(request: Asked, site: int) -> HttpResponse:
    """The worklist as CSV: patients by their MRN, never by name."""
    place = open_site(request, site, "see_billing")
    show = request.GET.get("show", "todo")
    show = show if show in SHOWN else "todo"
    today = timezone.now().astimezone(place.zone).date()
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(["Claim", "State", "MRN", "Payer", "Date", "Amount", "File by", "Problems"])
    for row in worklist(place, show, today=today):
        one = row.claim
        said = " ".join(problem["message"] for problem in one.problems)
        told = [one.control, one.state, one.patient.mrn, one.coverage.payer.name]
        told += [one.on.isoformat(), f"{one.cents / 100:.2f}", last_day(one).isoformat(), said]
        out.writerow(guarded(cell) for cell in told)
    return _download(
        f"claims-{show}-{today.isoformat()}.csv", "text/csv", "\ufeff" + text.getvalue()
    )


@require_POST
@signed_in
def make(request: Asked, site: int) -> HttpResponse:
    """Claims from every charge that waits for one."""
    place = open_site(request, site, "manage_billing")
    made = make_claims(site=place, actor=actor(request), now=timezone.now())
    wrong = sum(claim.state == Claim.State.DRAFT for claim in made)
    told = f"Made: {words.count(len(made), 'claim')}."
    tell(request, f"{told} {wrong} to put right." if wrong else told)
    return redirect("desk:claims", place.pk)


@require_POST
@signed_in
def recheck(request: Asked, site: int) -> HttpResponse:
    """Look at all that are not sent once more."""
    place = open_site(request, site, "manage_billing")
    changed = recheck_claims(site=place, actor=actor(request), now=timezone.now())
    tell(request, f"Looked at again: {words.count(changed, 'claim')} changed.")
    return redirect("desk:claims", place.pk)


@require_POST
@signed_in
def send(request: Asked, site: int) -> HttpResponse:
    """Write what is ready into a file."""
    place = open_site(request, site, "manage_billing")
    try:
        batch = send_claims(site=place, actor=actor(request), now=timezone.now())
    except MoneyRefused as no:
        return _list(request, place, str(no), 422)
    tell(request, f"A file of {words.count(batch.count, 'claim')} is ready to download.")
    return redirect("desk:claim-files", place.pk)


@require_safe
@signed_in
def files(request: Asked, site: int) -> HttpResponse:
    """Every file that was written, the newest first."""
    place = open_site(request, site, "see_billing")
    rows = [(one, dollars(one.cents), one.made_at.astimezone(place.zone)) for one in batches(place)]
    return page(
        request,
        "desk/money/claim_files.html",
        here="money",
        tab="claims",
        site=place,
        rows=rows,
        may_act=may(request.user, "manage_billing", place),
    )


@require_safe
@signed_in
def download(request: Asked, site: int, batch: int) -> HttpResponse:
    """A file as it was written; its name says the site and the day, nobody's name."""
    place = open_site(request, site, "manage_billing")
    found = ClaimBatch.objects.filter(site=place, pk=batch).first()
    if found is None:
        raise Http404
    name = f"837P-{place.pk}-{found.on.isoformat()}-{found.number}.txt"
    return _download(name, "text/plain", found.text)


def _download(name: str, kind: str, text: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return kept_nowhere(response)


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
