"""Whole series: propose, hold, book, read, cancel."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import unknown
from api.permissions import patients_of, require, visible_series
from api.reading import an_id
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.parsing import Parameter
from api.rest.showing import local, show_planned, show_series
from clinic.models import Patient, Site, Staff
from scheduling.models import Series
from scheduling.planner.plans import Blocked, Score
from scheduling.selectors import Offer, Proposals, propose_series, visits
from scheduling.services.booking import book_series, hold_proposal
from scheduling.services.cancelling import cancel_series
from scheduling.services.extending import extend_series
from scheduling.tokens import open_token

PREVIOUS_INFUSION = "previous_infusion"
COST_BELOW = 1_000_000


class ProposalsDoor(Door):
    actions = {"POST": "book_series"}
    bodies = {"POST": shapes.ProposalsBody}
    answers = {"POST": (200, shapes.ProposalsShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Plan a whole series: complete proposals, best first, or what stands in the way."""
        body = self.body()
        site = self.site("site", body["site"])
        patients = patients_of(self.reach(), Patient.objects.all())
        patient = self.named(patients, "patient", body["patient"])
        wishes = body.get("preferences", {})
        found = propose_series(
            patient=patient,
            protocol_key=body["protocol"],
            site=site,
            not_before=body["not_before"],
            not_after=body.get("not_after"),
            weekdays=[shapes.WEEKDAYS.index(day) for day in wishes.get("weekdays", [])],
            earliest=wishes.get("earliest"),
            latest=wishes.get("latest"),
            staff=self.staff(wishes.get("staff", []), site),
            completed=body.get("completed"),
            limit=body["limit"],
            now=self.now,
        )
        self.refuse_strange_steps(body, found)
        shown = [show_offer(offer, site) for offer in found.offers]
        if body["hold"] and shown:
            token = found.offers[0].token
            hold = hold_proposal(token=token, actor=self.actor, now=self.now)
            shown[0]["held_until"] = local(hold.expires_at, site.zone)
        blocked = [show_blocked(block, found) for block in found.blocked]
        return Response({"proposals": shown, "blocked_by": blocked})

    def staff(self, identifiers: list[str], site: Site) -> list[int]:
        people = Staff.objects.filter(sites=site)
        field = "preferences.staff"
        return [self.named(people, field, identifier).pk for identifier in identifiers]

    def refuse_strange_steps(self, body: dict[str, Any], found: Proposals) -> None:
        """422 for a completed step that the protocol does not have, or that lies ahead."""
        known = {step.key for step in found.protocol.steps} | {PREVIOUS_INFUSION}
        today = self.now.astimezone(found.site.zone).date()
        for step, day in body.get("completed", {}).items():
            if step not in known:
                raise unknown("completed", f"This protocol has no step {step[:40]}.")
            if day > today:
                raise unknown(f"completed.{step}", "A completed step cannot lie ahead.")


class ProposalHolding(Door):
    actions = {"POST": "book_series"}
    bodies = {"POST": shapes.EmptyBody}
    answers = {"POST": (200, shapes.HoldShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Hold a proposal for 15 minutes, instead of the one of its set held before."""
        self.body()
        site = site_of(self, at["token"])
        hold = hold_proposal(token=at["token"], actor=self.actor, now=self.now)
        until = local(hold.expires_at, site.zone)
        return Response({"id": str(hold.pk), "token": at["token"], "expires_at": until})


class SeriesDoor(Door):
    actions = {"GET": "see_series", "POST": "book_series"}
    queries = {"GET": {"patient": Parameter(an_id, "Only this patient's.")} | PAGING}
    bodies = {"POST": shapes.SeriesBody}
    answers = {
        "GET": (200, shapes.listed(shapes.SeriesShape)),
        "POST": (201, shapes.SeriesShape),
    }

    def get(self, request: Request) -> Response:
        """Series, the newest first."""
        patient = self.filtered(patients_of(self.reach(), Patient.objects.all()), "patient")
        rows = visible_series(self.client, with_visits())
        if patient:
            rows = rows.filter(patient=patient)
        return page(request, self.asked, rows.order_by("-pk"), show)

    def create(self, request: Request, **at: str) -> Response:
        """Book a proposal: all of its visits, or none and the reasons."""
        token = self.body()["proposal"]
        site_of(self, token)
        series = book_series(token=token, actor=self.actor, now=self.now)
        headers = {"Location": f"{request.path}/{series.pk}"}
        return Response(show(with_visits().get(pk=series.pk)), status=201, headers=headers)


class OneSeries(Door):
    actions = {"GET": "see_series"}
    answers = {"GET": (200, shapes.SeriesShape)}

    def get(self, request: Request, id: str) -> Response:
        """A series with its visits in time order."""
        return Response(show(self.at(visible_series(self.client, with_visits()), id)))


class SeriesCancelling(Door):
    actions = {"POST": "cancel_series"}
    bodies = {"POST": shapes.CancelSeriesBody}
    answers = {"POST": (200, shapes.SeriesShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Cancel every visit of a series that has not begun, and free all they hold."""
        series = self.at(Series.objects.filter(self.reach().q()), at["id"])
        body = self.body()
        cancel_series(series=series.pk, actor=self.actor, now=self.now, **body)
        return Response(show(with_visits().get(pk=series.pk)))


class SeriesExtending(Door):
    actions = {"POST": "book_series"}
    bodies = {"POST": shapes.ExtendBody}
    answers = {"POST": (201, shapes.SeriesShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Book the next visits beyond the protocol's last step, where it goes on; all or none."""
        series = self.at(Series.objects.filter(self.reach().q()), at["id"])
        extend_series(series=series.pk, actor=self.actor, now=self.now, **self.body())
        return Response(show(with_visits().get(pk=series.pk)), status=201)


def site_of(door: Door, token: str) -> Site:
    """Where a proposal would be booked; 403 when that is not the client's site."""
    site = Site.objects.get(pk=open_token(token, now=door.now).site)
    require(door.client, "book_series", site)
    return site


def with_visits() -> QuerySet[Series]:
    """Series with all that `show` needs: 5 queries."""
    return Series.objects.select_related("protocol_version__protocol").prefetch_related(
        Prefetch("appointments", queryset=visits())
    )


def show(series: Series) -> dict[str, Any]:
    return show_series(series, series.appointments.all())


def show_offer(offer: Offer, site: Site) -> dict[str, Any]:
    return {
        "token": offer.token,
        "expires_at": local(offer.expires_at, site.zone),
        "score": score(offer.plan.score),
        "reasons": list(offer.plan.reasons),
        "appointments": [show_planned(visit, site.zone) for visit in offer.plan.visits],
    }


def score(score: Score) -> int:
    """One number that sorts as the planner does: days to the end of the series, then cost."""
    return score.finish * COST_BELOW + min(score.cost, COST_BELOW - 1)


def show_blocked(block: Blocked, found: Proposals) -> dict[str, str]:
    shown = {"step": block.step, "rule": block.rule, "message": block.message}
    if block.resource:
        shown["resource"] = block.resource
    if block.relax:
        shown["relax"] = block.relax.words
        shown["would_finish"] = block.relax.finish.isoformat()
    return shown
