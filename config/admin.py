"""The admin: for administrators, through the desk's own sign-in, and no back door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from api.permissions import sites_for
from clinic.shown import Shown


class AdministratorsSite(AdminSite):
    """Shows what an administrator may see of the facts; services write, except for sign-ins.

    Patients and visits are not in it: the permission table gives administrators neither.
    """

    site_header = site_title = "Chairtime administration"
    index_title = "What is set up"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return (
            user.is_authenticated and user.is_staff and sites_for(user, "manage_setup").everywhere
        )

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The desk's sign-in, which counts failures; Django's own form is nowhere offered."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "/admin/")
        if request.user.is_authenticated:
            return redirect("admin:index")
        return redirect_to_login(wanted, settings.LOGIN_URL)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return redirect("account_change_password")

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Only what this house shows: the pages that packages bring would write past services."""
        if admin_class is not None and issubclass(admin_class, Shown):
            super().register(model_or_iterable, admin_class, **options)
