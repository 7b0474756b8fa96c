"""Claims: the worklist with what to do first, making them, and their files."""

from __future__ import annotations

import csv
import io

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from api.desk import words
from api.desk.frame import Asked, actor, kept_nowhere, open_site, page, signed_in
from api.desk.money.claim_looks import LOOKS, look
from api.desk.money.tabs import dollars
from api.desk.people import shown_names
from api.desk.telling import tell
from api.permissions import may
from billing.errors import MoneyRefused
from billing.models import Claim, ClaimBatch
from billing.selectors.claims import (
    SHOWN,
    batches,
    last_day,
    totals,
    waiting,
    worklist,
)
from billing.services.claim_files import send_claims
from billing.services.claiming import (
    make_claims,
    recheck_claims,
)
from clinic.imports.table import guarded
from clinic.models import Site

VIEWS = {"todo": "To do", "sent": "Sent", "paid": "Paid", "all": "All"}


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
