"""Machines that call, and their tokens: to look at, and to take a token away."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from oauth2_provider.models import AccessToken

from api.models import Client
from clinic import journal
from clinic.journal import Actor
from clinic.shown import ReadOnly
from clinic.transactions import writing


@admin.register(Client)
class ClientAdmin(ReadOnly):
    list_display = ("application", "every_site", "scopes")
    fields = ("application", "every_site", "sites", "scopes")


@admin.register(AccessToken)
class TokenAdmin(ReadOnly):
    """Deleting a token ends what it opens at once."""

    list_display = ("id", "application", "scope", "created", "expires")
    fields = ("application", "scope", "created", "expires")
    list_filter = ("application",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return super().delete_view(request, *args, **kwargs)
        with writing():
            return super().delete_view(request, *args, **kwargs)

    def delete_model(self, request: HttpRequest, obj: AccessToken) -> None:
        user: Any = request.user
        journal.record(
            actor=Actor(name=user.email, door="admin", user=user.pk),
            now=timezone.now(),
            action="token.ended",
            subject=f"token:{obj.pk}",
            before={"client": str(obj.application), "scope": obj.scope},
        )
        super().delete_model(request, obj)
