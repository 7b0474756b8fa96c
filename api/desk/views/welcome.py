"""The address of an invitation: the one page of the desk that is open to who is not signed in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from api.desk.forms import DeskForm
from api.desk.quiet import quiet, too_many
from api.rate import Limit
from clinic.models import Grant, Invitation, Site, User
from clinic.services.invitations import (
    AlreadySignsIn,
    NotInvited,
    accept_invitation,
    find_invitation,
    join,
)

TRIES = Limit("invitation", rate=0.2, burst=30)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class WelcomeForm(DeskForm):
    """A name and a password."""

    given_name = forms.CharField(
        max_length=100, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    family_name = forms.CharField(
        max_length=100, widget=forms.TextInput({"autocomplete": "family-name"})
    )
    password = forms.CharField(
        max_length=128,
        strip=False,
        help_text="Ten characters or more. A few words in a row are easy to remember.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}, render_value=True),
    )


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, secret: str) -> HttpResponse:
    """Make the sign-in that was promised. What is used up, too old or unknown answers the same."""
    if refused := too_many(request, TRIES):
        return refused
    now = timezone.now()
    try:
        invitation = find_invitation(secret, now=now)
        if request.user.is_authenticated:
            return _join(request, secret, request.user)
        return _accept(request, secret, invitation)
    except NotInvited:
        return quiet(render(request, "desk/start/not_invited.html", status=404))


def _accept(request: HttpRequest, secret: str, invitation: Invitation) -> HttpResponse:
    staff = invitation.staff
    names = {"given_name": staff.given_name, "family_name": staff.family_name} if staff else {}
    form = WelcomeForm(request.POST or None, initial=names)
    signs_in = User.objects.filter(email__iexact=invitation.email).exists()
    if form.is_valid() and not signs_in:
        try:
            user = accept_invitation(secret=secret, **form.cleaned_data, now=timezone.now())
        except AlreadySignsIn:
            signs_in = True
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            login(request, user, backend=BACKEND)
            return quiet(redirect("desk:home"))
    context: dict[str, Any] = {
        "form": form,
        "invitation": invitation,
        "roles": roles_of(invitation),
        "signs_in": signs_in,
    }
    status = 422 if form.errors else 200
    return quiet(render(request, "desk/start/welcome.html", context, status=status))


def _join(request: HttpRequest, secret: str, user: User) -> HttpResponse:
    """Somebody signed in already takes what they were promised, by a click."""
    invitation = find_invitation(secret, now=timezone.now())
    theirs = invitation.email.casefold() == user.email.casefold()
    if request.method == "POST" and theirs:
        join(secret=secret, user=user.pk, now=timezone.now())
        return quiet(redirect("desk:home"))
    context = {"invitation": invitation, "roles": roles_of(invitation), "theirs": theirs}
    return quiet(render(request, "desk/start/join.html", context))


def roles_of(invitation: Invitation) -> list[str]:
    """`Nurse at Juniper House`, `Administrator at every site`."""
    names = dict(Site.objects.values_list("pk", "name"))
    return [
        f"{Grant.Role(one['role']).label} at {names.get(one['site'], 'every site')}"
        for one in invitation.grants
    ]
