"""Who signs in and as what: invitations, rights, and their end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import words
from api.desk.as_what import Offer, allowed_by_role, offers
from api.desk.forms import as_id, beside_the_fields
from api.desk.frame import Asked, actor, page, signed_in, sites_of
from api.desk.meanwhile import seen_in
from api.desk.people_forms import GrantsForm, InviteForm
from api.desk.telling import tell
from api.permissions import NotPermitted, Reach, require, sites_for
from clinic import journal
from clinic.journal import ChangedMeanwhile
from clinic.models import Grant, Invitation, Site, Staff, User
from clinic.services.access import LastAdministrator, end_access, restore_access, set_grants
from clinic.services.invitations import LASTS, invite, open_invitations, withdraw_invitation

PER_PAGE = 40


@dataclass(frozen=True, slots=True)
class Giver:
    """Where somebody may give rights."""

    reach: Reach
    places: tuple[Site, ...]

    @classmethod
    def of(cls, request: Asked) -> Giver:
        """NotPermitted for who may nowhere."""
        require(request.user, "manage_setup")
        reach = sites_for(request.user, "manage_setup")
        return cls(reach, tuple(site for site in sites_of(request) if site in reach))

    @property
    def within(self) -> frozenset[int] | None:
        return None if self.reach.everywhere else self.reach.sites

    @property
    def columns(self) -> dict[str, Any]:
        return {"places": self.places, "every": self.reach.everywhere}

    def covers(self, site: int | None) -> bool:
        return self.reach.everywhere or site in self.reach.sites

    def whole(self, user: User) -> bool:
        """Whether all that somebody may is within reach: only then are they put out."""
        if user.is_superuser and not self.reach.everywhere:
            return False
        return all(self.covers(grant.site_id) for grant in user.grants.all())


@require_safe
@signed_in
def sign_ins(request: Asked) -> HttpResponse:
    """Everybody who signs in at one's sites, and the invitations that are open."""
    giver = Giver.of(request)
    users = User.objects.prefetch_related("grants").select_related("staff")
    if not giver.reach.everywhere:
        users = users.filter(grants__site__in=giver.reach.sites).distinct()
    ordered = users.order_by("-is_active", "last_name", "first_name", "email")
    shown = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
    return page(
        request,
        "desk/manage/sign_ins.html",
        here="manage",
        tab="staff",
        shown=shown,
        rows=[(user, offers(_rights(user), _names(request))) for user in shown],
        invitations=_open(request, giver),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def invite_someone(request: Asked) -> HttpResponse:
    """Choose what they may do; the address is shown once."""
    giver = Giver.of(request)
    person = _colleague(giver, as_id(request.POST.get("staff") or request.GET.get("staff", "")))
    drawn = {"email": person.email if person else ""}
    form = InviteForm(request.POST or None, initial=drawn, needed=True, **giver.columns)
    if form.is_valid():
        grants = [{"role": role, "site": site} for role, site in form.rights]
        try:
            made, secret = invite(
                email=form.cleaned_data["email"],
                grants=grants,
                staff=person.pk if person else None,
                within=giver.within,
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        else:
            return _made(request, made, secret)
    return page(
        request,
        "desk/manage/invite.html",
        here="manage",
        tab="staff",
        form=form,
        person=person,
        days=LASTS.days,
        allowed=allowed_by_role(),
        status=422 if request.method == "POST" else 200,
    )


@require_POST
@signed_in
def again(request: Asked, invitation: int) -> HttpResponse:
    """A new address for an invitation; the old one is dead at once."""
    row = _invitation(request, invitation)
    try:
        made, secret = invite(
            email=row.email,
            grants=row.grants,
            staff=row.staff_id,
            within=Giver.of(request).within,
            actor=actor(request),
            now=timezone.now(),
        )
    except ValidationError as wrong:
        messages.error(request, " ".join(wrong.messages))
        return redirect("desk:sign-ins")
    return _made(request, made, secret)


@require_POST
@signed_in
def withdraw(request: Asked, invitation: int) -> HttpResponse:
    row = _invitation(request, invitation)
    withdraw_invitation(invitation=row.pk, actor=actor(request), now=timezone.now())
    tell(request, "The invitation is withdrawn.")
    return redirect("desk:sign-ins")


@require_http_methods(["GET", "POST"])
@signed_in
def rights(request: Asked, user: int) -> HttpResponse:
    """What somebody may do, role by site."""
    giver = Giver.of(request)
    found = _user(giver, user)
    if request.method == "GET":
        return _rights_page(request, giver, found)
    form = GrantsForm(request.POST, **giver.columns)
    more: dict[str, Any] = {}
    if form.is_valid():
        try:
            set_grants(
                user=found.pk,
                grants=form.rights,
                within=giver.within,
                seen=seen_in(request),
                actor=actor(request),
                now=timezone.now(),
            )
        except LastAdministrator as last:
            form.add_error(None, str(last))
        except ChangedMeanwhile as error:
            more = {"changed": error.entries[-1], "seen": error.entries[-1].pk}
        else:
            tell(request, f"{_name(found)}’s rights are saved.")
            return redirect("desk:sign-ins")
    return _rights_page(request, giver, _user(giver, user), form=form, status=409, **more)


@require_POST
@signed_in
def access(request: Asked, user: int) -> HttpResponse:
    """End somebody's access, signed out wherever they are; or give it back."""
    giver = Giver.of(request)
    found = _user(giver, user)
    if not giver.whole(found):
        raise NotPermitted("manage_setup")
    asked: dict[str, Any] = {"user": found.pk, "actor": actor(request), "now": timezone.now()}
    if "restore" in request.POST:
        restore_access(**asked)
        tell(request, f"{_name(found)} may sign in again.")
        return redirect("desk:rights", found.pk)
    try:
        end_access(**asked)
    except LastAdministrator as last:
        return _rights_page(request, giver, found, status=409, refused=str(last))
    tell(request, f"{_name(found)} does not sign in any more.")
    return redirect("desk:sign-ins")


def _rights_page(
    request: Asked,
    giver: Giver,
    found: User,
    *,
    form: GrantsForm | None = None,
    seen: int | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    rights = _rights(found)
    drawn = GrantsForm.drawn(rights)
    return page(
        request,
        "desk/manage/rights.html",
        here="manage",
        tab="staff",
        status=status,
        found=found,
        name=_name(found),
        form=form or GrantsForm(initial={"grants": drawn}, **giver.columns),
        fixed=offers([one for one in rights if not giver.covers(one[1])], _names(request)),
        whole=giver.whole(found),
        is_me=found.pk == request.user.pk,
        allowed=allowed_by_role(),
        seen=journal.newest(f"user:{found.pk}") if seen is None else seen,
        now_have=offers(rights, _names(request)),
        **more,
    )


def _made(request: Asked, made: Invitation, secret: str) -> HttpResponse:
    """The address, shown this once."""
    return page(
        request,
        "desk/manage/invited.html",
        here="manage",
        tab="staff",
        made=made,
        link=request.build_absolute_uri(reverse("desk:welcome", args=[secret])),
        until=words.day(made.expires_at),
        what=offers([(one["role"], one["site"]) for one in made.grants], _names(request)),
    )


def _open(request: Asked, giver: Giver) -> list[tuple[Invitation, list[Offer]]]:
    names = _names(request)
    return [
        (row, offers([(one["role"], one["site"]) for one in row.grants], names))
        for row in open_invitations(timezone.now())
        if all(giver.covers(one["site"]) for one in row.grants)
    ]


def _invitation(request: Asked, pk: int) -> Invitation:
    """An open invitation to nothing beyond one's reach, or 404."""
    giver = Giver.of(request)
    row = open_invitations(timezone.now()).filter(pk=pk).first()
    if row is None or not all(giver.covers(one["site"]) for one in row.grants):
        raise Http404
    return row


def _user(giver: Giver, pk: int) -> User:
    """Somebody with a right at one's sites, or 404."""
    found = User.objects.prefetch_related("grants").filter(pk=pk).first()
    if found is None or not (
        giver.reach.everywhere or any(giver.covers(one.site_id) for one in found.grants.all())
    ):
        raise Http404
    return found


def _colleague(giver: Giver, pk: int) -> Staff | None:
    """The member of staff who is invited, where one was named; 404 beyond one's reach."""
    if not pk:
        return None
    found = Staff.objects.prefetch_related("sites").filter(pk=pk).first()
    if found is None or not any(giver.covers(site.pk) for site in found.sites.all()):
        raise Http404
    return found


def _rights(user: User) -> list[tuple[str, int | None]]:
    order = Grant.Role.values
    found = [(grant.role, grant.site_id) for grant in user.grants.all()]
    return sorted(found, key=lambda one: (order.index(one[0]), one[1] or 0))


def _names(request: Asked) -> dict[int, str]:
    if not hasattr(request, "site_names"):
        request.site_names = dict(Site.objects.values_list("pk", "name"))  # type: ignore[attr-defined]
    return dict(request.site_names)  # type: ignore[attr-defined]


def _name(user: User) -> str:
    return user.get_full_name() or user.email
