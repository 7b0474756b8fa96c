"""A way in for a colleague: an address that only its receiver knows, used once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet

from clinic.journal import Actor
from clinic.models import Grant, Invitation, Site, Staff, User
from clinic.services.facts import Pen
from clinic.transactions import durable

LASTS = timedelta(days=7)
SECRET_BYTES = 32


class NotInvited(Exception):
    """The address is unknown, used, withdrawn or too old; which of these is not told."""


class AlreadySignsIn(Exception):
    """Somebody signs in with this e-mail already: they accept once they have."""


def open_invitations(now: datetime) -> QuerySet[Invitation]:
    """Those that can still be accepted."""
    return Invitation.objects.filter(
        accepted_at=None, withdrawn_at=None, expires_at__gt=now
    ).select_related("staff")


def find_invitation(secret: str, *, now: datetime) -> Invitation:
    """The open invitation of an address. NotInvited."""
    found = open_invitations(now).filter(secret_hash=_hash(secret)).first()
    if found is None:
        raise NotInvited
    return found


@durable
def invite(
    *,
    email: str,
    grants: Sequence[Mapping[str, Any]],
    staff: int | None = None,
    within: Collection[int] | None = None,
    lasts: timedelta = LASTS,
    actor: Actor,
    now: datetime,
) -> tuple[Invitation, str]:
    """Invite an e-mail address; the invitation, and its secret, which nobody can read again.

    `grants` are {"role": one of Grant.Role, "site": id or None}. An earlier invitation of the same
    address is dead from now on, unless it gives rights beyond `within`, the sites whose rights the
    actor may give (None: all). django's ValidationError by field: email, grants.
    """
    email = email.strip()
    validate_email_field(email)
    _check_grants(grants)
    person = Staff.objects.select_for_update(of=("self",)).get(pk=staff) if staff else None
    if person and person.user_id:
        raise ValidationError({"email": f"{person.name} signs in already."})
    for earlier in open_invitations(now).filter(email__iexact=email):
        if within is None or all(one["site"] in within for one in earlier.grants):
            _withdraw(earlier, actor, now)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    made = Invitation.objects.create(
        staff=person,
        email=email,
        grants=[{"role": one["role"], "site": one["site"]} for one in grants],
        secret_hash=_hash(secret),
        invited_by=actor.name,
        invited_at=now,
        expires_at=now + lasts,
    )
    after = {"staff": staff, "grants": made.grants, "until": made.expires_at.isoformat()}
    Pen("invitation", actor, now).note("added", made, after=after)
    return made, secret


@durable
def withdraw_invitation(*, invitation: int, actor: Actor, now: datetime) -> None:
    """The address leads nowhere any more; one accepted or withdrawn stays as it is."""
    row = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation)
    if row.accepted_at is None and row.withdrawn_at is None:
        _withdraw(row, actor, now)


@durable
def accept_invitation(
    *, secret: str, given_name: str, family_name: str, password: str, now: datetime
) -> User:
    """Make the sign-in that was promised, with its grants; it is used up then.

    NotInvited; AlreadySignsIn; django's ValidationError by field (given_name, family_name,
    password).
    """
    row = _taken(secret, now)
    if User.objects.filter(email__iexact=row.email).exists():
        raise AlreadySignsIn
    user = User(
        username=_free_username(row.email),
        email=row.email,
        first_name=given_name.strip(),
        last_name=family_name.strip(),
    )
    _check_names(user)
    try:
        validate_password(password, user)
    except ValidationError as wrong:
        raise ValidationError({"password": wrong.messages}) from wrong
    user.set_password(password)
    user.save()
    _settle(row, user, now)
    return user


@durable
def join(*, secret: str, user: int, now: datetime) -> User:
    """Add what an invitation promises to a sign-in of the same e-mail. NotInvited."""
    row = _taken(secret, now)
    found = User.objects.select_for_update().get(pk=user)
    if found.email.casefold() != row.email.casefold():
        raise NotInvited
    _settle(row, found, now)
    return found


def validate_email_field(email: str) -> None:
    """ValidationError beside the field `email`."""
    try:
        validate_email(email)
    except ValidationError as wrong:
        raise ValidationError({"email": "Give an e-mail address."}) from wrong
    if len(email) > 150:
        raise ValidationError({"email": "The address is too long."})


def _taken(secret: str, now: datetime) -> Invitation:
    """The invitation, kept from anybody else who would use it at the same time."""
    rows = Invitation.objects.select_for_update(of=("self",))
    row = rows.filter(secret_hash=_hash(secret)).first()
    if row is None or row.accepted_at or row.withdrawn_at or row.expires_at <= now:
        raise NotInvited
    return row


def _settle(row: Invitation, user: User, now: datetime) -> None:
    """Grants, the link to the colleague, and the end of the invitation."""
    sites = set(Site.objects.values_list("pk", flat=True))
    for grant in row.grants:
        if grant["site"] is None or grant["site"] in sites:
            Grant.objects.get_or_create(user=user, role=grant["role"], site_id=grant["site"])
    if row.staff_id and not Staff.objects.filter(user=user).exists():
        Staff.objects.filter(pk=row.staff_id, user=None).update(user=user)
    row.accepted_at = now
    row.save(update_fields=["accepted_at"])
    actor = Actor(name=user.email, door="desk", user=user.pk)
    after = {"user": user.pk, "grants": row.grants}
    Pen("invitation", actor, now).note("accepted", row, after=after)


def _withdraw(row: Invitation, actor: Actor, now: datetime) -> None:
    row.withdrawn_at = now
    row.save(update_fields=["withdrawn_at"])
    Pen("invitation", actor, now).note("withdrawn", row)


def _check_grants(grants: Sequence[Mapping[str, Any]]) -> None:
    if not grants:
        raise ValidationError({"grants": "Choose at least one role."})
    sites = set(Site.objects.values_list("pk", flat=True))
    for one in grants:
        if one["role"] not in Grant.Role.values or (one["site"] and one["site"] not in sites):
            raise ValidationError({"grants": "A role or site is unknown."})


def _free_username(email: str) -> str:
    """The e-mail, unless it is what somebody else signed in with before theirs was changed."""
    taken = User.objects.filter(username=email).exists()
    return f"{email[:120]}-{secrets.token_hex(8)}" if taken else email


def _check_names(user: User) -> None:
    try:
        user.clean_fields(exclude=["password", "username", "email"])
    except ValidationError as wrong:
        fields = {"first_name": "given_name", "last_name": "family_name"}
        told = wrong.message_dict
        raise ValidationError({fields.get(k, k): v for k, v in told.items()}) from wrong
    missing = {
        field: "Give your name."
        for field, name in (("given_name", user.first_name), ("family_name", user.last_name))
        if not name
    }
    if missing:
        raise ValidationError(missing)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
