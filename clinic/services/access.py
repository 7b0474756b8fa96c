"""Who signs in, and as what: rights given and taken, and never by the last administrator."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError

from clinic.journal import Actor
from clinic.models import Grant, Site, User
from clinic.services.facts import Pen
from clinic.transactions import durable

Right = tuple[str, int | None]


class LastAdministrator(Exception):
    """Nobody would be left who may give rights."""

    def __init__(self) -> None:
        super().__init__(
            "This is the last administrator of every site. Make somebody else one first."
        )


@durable
def set_grants(
    *,
    user: int,
    grants: Iterable[Right],
    within: Iterable[int] | None,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> User:
    """All of somebody's rights: (role, site id, or None for every site).

    `within` are the sites whose rights the actor may change, None for all; rights elsewhere stay as
    they are. LastAdministrator; ChangedMeanwhile; ValidationError for a role or site that is not.
    """
    row = _locked(user)
    pen = Pen("user", actor, now, seen)
    pen.unchanged(row)
    mine = None if within is None else set(within)
    before = {(grant.role, grant.site_id) for grant in row.grants.all()}
    fixed = {one for one in before if mine is not None and one[1] not in mine}
    wanted = {one for one in grants if mine is None or one[1] in mine} | fixed
    _check(wanted)
    if wanted != before:
        had = administrators()
        row.grants.all().delete()
        Grant.objects.bulk_create(
            Grant(user=row, role=role, site_id=site) for role, site in sorted(wanted, key=str)
        )
        _must_leave_one(had)
        pen.note("changed", row, None, {"grants": _told(before)}, {"grants": _told(wanted)})
    return row


@durable
def end_access(*, user: int, actor: Actor, now: datetime) -> User:
    """They sign in no more, and are signed out wherever they are. LastAdministrator."""
    row = _locked(user)
    if row.is_active:
        had = administrators()
        row.is_active = False
        row.save(update_fields=["is_active"])
        _must_leave_one(had)
        _sign_out(row)
        Pen("user", actor, now).note("ended", row, None, {"active": True}, {"active": False})
    return row


@durable
def restore_access(*, user: int, actor: Actor, now: datetime) -> User:
    """They may sign in again, with the rights they had."""
    row = _locked(user)
    if not row.is_active:
        row.is_active = True
        row.save(update_fields=["is_active"])
        Pen("user", actor, now).note("restored", row, None, {"active": False}, {"active": True})
    return row


def administrators() -> int:
    """How many people may give rights at every site."""
    everywhere = Grant.objects.filter(
        role=Grant.Role.ADMINISTRATOR, site=None, user__is_active=True
    )
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    return len(
        {*everywhere.values_list("user", flat=True), *superusers.values_list("pk", flat=True)}
    )


def _locked(user: int) -> User:
    """The user; administrators' rights are kept still, lest two take each other's."""
    everybody = User.objects.filter(grants__role=Grant.Role.ADMINISTRATOR).order_by("pk")
    list(User.objects.select_for_update().filter(pk__in=everybody.values("pk")).order_by("pk"))
    return User.objects.select_for_update().get(pk=user)


def _must_leave_one(had: int) -> None:
    """A clinic whose administrators are each of one site has none of every site to lose."""
    if had and administrators() == 0:
        raise LastAdministrator


def _check(wanted: set[Right]) -> None:
    sites = {None, *Site.objects.values_list("pk", flat=True)}
    if any(role not in Grant.Role.values or site not in sites for role, site in wanted):
        raise ValidationError({"grants": "A role or site is unknown."})


def _told(grants: set[Right]) -> list[str]:
    return sorted(f"{role}@{site or 'every site'}" for role, site in grants)


def _sign_out(user: User) -> None:
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
