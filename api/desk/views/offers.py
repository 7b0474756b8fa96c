"""A patient's link to a place that is held for them: yes or no. Nothing on it says who or why."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from api.desk.quiet import quiet, too_many
from api.rate import Limit
from clinic.journal import Actor
from scheduling.errors import ProposalExpired, ProposalUnknown, Refused
from scheduling.models import Offer
from scheduling.services.offering import OfferGone, accept_offer, decline_offer, offer_by

TRIES = Limit("offer", rate=0.2, burst=30)
PATIENT = Actor(name="patient, by link", door="link")


@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, secret: str) -> HttpResponse:
    """The place and until when it is held; what is over says so kindly, what is unknown is 404."""
    if refused := too_many(request, TRIES):
        return refused
    found = offer_by(secret)
    if found is None:
        return quiet(render(request, "desk/due/over.html", status=404))
    now = timezone.now()
    lost = False
    if request.method == "POST":
        try:
            if "yes" in request.POST:
                accept_offer(offer=found.pk, actor=PATIENT, now=now)
            else:
                decline_offer(offer=found.pk, actor=PATIENT, now=now)
        except OfferGone:
            pass
        except (Refused, ProposalExpired, ProposalUnknown):
            lost = True
        if not lost:
            return quiet(redirect("desk:offer", secret))
    site = found.entry.site
    context = {
        "offer": found,
        "site": site,
        "open": found.state == Offer.State.OPEN and found.expires_at > now and not lost,
        "lost": lost,
        "starts": found.starts_at.astimezone(site.zone),
        "ends": found.ends_at.astimezone(site.zone),
        "until": found.expires_at.astimezone(site.zone),
    }
    return quiet(render(request, "desk/waitlist/offer.html", context, status=409 if lost else 200))
