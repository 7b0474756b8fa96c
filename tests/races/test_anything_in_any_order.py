"""Book, move, cancel, fall ill, recover, hold, wait, offer, accept, in any order: the book holds.

After every step the audit, which shares no code with what books, finds nothing wrong. The suite
walks a few hundred steps on each engine; `STEPS=5000` walks that many.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from clinic.models import Room, Staff
from scheduling.audit import violations
from scheduling.errors import ProposalExpired, ProposalUnknown, Refused
from scheduling.models import (
    Appointment,
    Offer,
    ProtocolVersion,
    Recovery,
    Series,
    Status,
    WaitlistEntry,
)
from scheduling.models.series import AHEAD
from scheduling.selectors import propose_series
from scheduling.services.booking import book_series, expire_holds, hold_proposal
from scheduling.services.cancelling import cancel_series, cancel_visit
from scheduling.services.moving import move_visit
from scheduling.services.offering import (
    OfferGone,
    accept_offer,
    decline_offer,
    expire_offers,
    fill_openings,
)
from scheduling.services.progress import set_status
from scheduling.services.recovering import accept_recovery, call_out, come_back, replan
from scheduling.services.undoing import NotUndoable, newest_undoable, undo
from scheduling.services.waiting import join_waitlist, leave_waitlist
from tests.cast import DESK, NOW, all_met, house, patient, protocol

pytestmark = pytest.mark.django_db
STEPS = int(os.environ.get("STEPS", "300"))
A_WALK = 30
NO = (Refused, ProposalExpired, ProposalUnknown, OfferGone, NotUndoable, ValidationError)
"""What a person would be told; nothing is saved then."""
WHICH = st.sampled_from(range(97))
KEYS = st.sampled_from(["aud-kare", "maintenance"])


class Day(RuleBasedStateMachine):
    """One clinic, four patients, and everything that can be done to their visits."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.now = NOW
        self.site = house()
        for key in ("aud-kare", "maintenance"):
            protocol(key)
        self.patients = [patient(name) for name in ("Pia", "Per", "Pol", "Pat")]
        self.tokens: list[str] = []

    @initialize()
    def a_clinic_at_work(self) -> None:
        """Three of the four are in the middle of a series."""
        for number in range(3):
            token = self.proposed(number, "aud-kare", 3 * number)
            book_series(token=str(token), actor=DESK, now=self.now)

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    def one(self, rows: Any, which: int) -> Any:
        found = list(rows)
        return found[which % len(found)] if found else None

    def does(self, act: Any) -> Any:
        try:
            return act()
        except NO:
            return None

    def proposed(self, which: int, key: str, days: int) -> str | None:
        found = propose_series(
            patient=self.one(self.patients, which),
            protocol_key=key,
            site=self.site,
            not_before=self.now.date() + timedelta(days=days),
            limit=2,
            now=self.now,
        )
        self.tokens += [offer.token for offer in found.offers]
        return self.one(self.tokens[-2:], which)

    @rule(which=WHICH, key=KEYS, days=st.integers(0, 20))
    def hold(self, which: int, key: str, days: int) -> None:
        if token := self.proposed(which, key, days):
            self.does(lambda: hold_proposal(token=token, actor=DESK, now=self.now))

    @rule(which=WHICH, key=KEYS, days=st.integers(0, 20))
    def book(self, which: int, key: str, days: int) -> None:
        if token := self.proposed(which, key, days):
            self.does(lambda: book_series(token=token, actor=DESK, now=self.now))

    @rule(which=WHICH)
    def book_what_was_proposed_before(self, which: int) -> None:
        if token := self.one(self.tokens, which):
            self.does(lambda: book_series(token=token, actor=DESK, now=self.now))

    @rule(which=WHICH, hours=st.sampled_from([-48, -24, -1, 1, 2, 24, 48]), cascade=st.booleans())
    def move(self, which: int, hours: int, cascade: bool) -> None:
        if visit := self.one(Appointment.objects.filter(status__in=AHEAD), which):
            to = visit.starts_at + timedelta(hours=hours)
            self.does(
                lambda: move_visit(
                    appointment=visit.pk, starts_at=to, cascade=cascade, actor=DESK, now=self.now
                )
            )

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        if visit := self.one(Appointment.objects.filter(status__in=AHEAD), which):
            self.does(
                lambda: cancel_visit(
                    appointment=visit.pk, reason="x", kind="patient", actor=DESK, now=self.now
                )
            )

    @rule(which=WHICH, sure=st.integers(0, 5))
    def cancel_the_rest(self, which: int, sure: int) -> None:
        if not sure and (series := self.one(Series.objects.all(), which)):
            self.does(lambda: cancel_series(series=series.pk, reason="x", actor=DESK, now=self.now))

    @rule(which=WHICH, to=st.sampled_from(["arrived", "in_prep", "no_show", "in_session"]))
    def stands(self, which: int, to: str) -> None:
        begun = Appointment.objects.filter(starts_at__lte=self.now)
        if visit := self.one(begun, which):
            if to == "in_prep" and visit.status == "arrived":
                all_met(visit, now=self.now)
            self.does(lambda: set_status(appointment=visit.pk, to=to, actor=DESK, now=self.now))

    @rule(which=WHICH)
    def take_back(self, which: int) -> None:
        if visit := self.one(Appointment.objects.order_by("-updated_at"), which % 3):
            entry = newest_undoable(f"appointment:{visit.pk}", actor=DESK, now=self.now)
            if entry:
                self.does(lambda: undo(entry=entry.pk, actor=DESK, now=self.now))

    @rule(
        which=WHICH,
        kind=st.sampled_from(["staff", "staff", "room", "site"]),
        hours=st.integers(1, 30),
    )
    def fall_ill(self, which: int, kind: str, hours: int) -> None:
        visit = self.one(Appointment.objects.filter(status__in=AHEAD), which)
        if visit is None:
            return
        start = max(self.now, visit.starts_at - timedelta(hours=which % 5))
        things = {"staff": Staff.objects.all(), "room": Room.objects.all(), "site": [self.site]}
        self.does(
            lambda: call_out(
                **{kind: self.one(things[kind], which).pk},
                starts_at=start,
                ends_at=start + timedelta(hours=hours),
                reason="",
                actor=DESK,
                now=self.now,
            )
        )

    @rule(which=WHICH, part=st.booleans())
    def accept_a_plan(self, which: int, part: bool) -> None:
        waiting = Recovery.objects.exclude(status="stale")
        if recovery := self.one(waiting, which):
            only = recovery.affected[:1] if part else None
            self.does(
                lambda: accept_recovery(recovery=recovery.pk, only=only, actor=DESK, now=self.now)
            )

    @rule(which=WHICH)
    def plan_again(self, which: int) -> None:
        if recovery := self.one(Recovery.objects.filter(status__in=["ready", "improving"]), which):
            self.does(lambda: replan(recovery=recovery.pk, actor=DESK, now=self.now))

    @rule(which=WHICH)
    def come_back(self, which: int) -> None:
        if recovery := self.one(Recovery.objects.all(), which):
            self.does(lambda: come_back(recovery=recovery.pk, actor=DESK, now=self.now))

    @rule(which=WHICH)
    def wait(self, which: int) -> None:
        ahead = Appointment.objects.filter(status__in=["booked", "confirmed"])
        if visit := self.one(ahead.filter(starts_at__gt=self.now), which):
            self.does(
                lambda: join_waitlist(
                    patient=visit.patient,
                    site=visit.site,
                    version=visit.protocol_version,
                    appointment=visit,
                    actor=DESK,
                    now=self.now,
                )
            )

    @rule(which=WHICH, whole=st.booleans())
    def wait_for_what_is_missing(self, which: int, whole: bool) -> None:
        lost = Appointment.objects.filter(status="cancelled", series__status="active")
        visit = None if whole else self.one(lost.select_related("series"), which)
        self.does(
            lambda: join_waitlist(
                patient=visit.patient if visit else self.one(self.patients, which),
                site=self.site,
                version=ProtocolVersion.objects.get(protocol__key="aud-kare"),
                series=visit.series if visit else None,
                step=visit.step if visit else "",
                actor=DESK,
                now=self.now,
            )
        )

    @rule()
    def offer(self) -> None:
        self.does(lambda: fill_openings(site=self.site.pk, actor=DESK, now=self.now))

    @rule(which=WHICH, yes=st.booleans())
    def decide(self, which: int, yes: bool) -> None:
        if offer := self.one(Offer.objects.filter(state="open") or Offer.objects.all(), which):
            act = accept_offer if yes else decline_offer
            self.does(lambda: act(offer=offer.pk, actor=DESK, now=self.now))

    @rule(which=WHICH)
    def leave(self, which: int) -> None:
        if wait := self.one(WaitlistEntry.objects.all(), which):
            self.does(lambda: leave_waitlist(wait=wait.pk, actor=DESK, now=self.now))

    @rule(minutes=st.sampled_from([10, 16, 130, 1440, 3000]))
    def time_goes_on(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        expire_holds(now=self.now)
        expire_offers(now=self.now)

    @invariant()
    def the_book_holds(self) -> None:
        found = [str(one) for one in violations(now=self.now) if one.severity == "violation"]
        assert found == []

    @invariant()
    def nobody_without_a_place_holds_one(self) -> None:
        gone = [Status.CANCELLED, Status.NO_SHOW, Status.TO_REBOOK]
        assert not Appointment.objects.filter(status__in=gone, claims__isnull=False).exists()


def test_the_book_holds_whatever_is_done_in_whatever_order():
    run_state_machine_as_test(
        Day,
        settings=settings(
            max_examples=max(1, STEPS // A_WALK),
            stateful_step_count=A_WALK,
            deadline=None,
            derandomize="STEPS" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
