"""The clinic's facts to look at, and sign-ins with their grants to edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from clinic import journal
from clinic.journal import Actor
from clinic.models import (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    Grant,
    Journal,
    OpeningHours,
    Organisation,
    Room,
    Site,
    Staff,
    Travel,
    User,
    WeeklyHours,
)
from clinic.shown import ReadOnly, Shown
from clinic.transactions import writing

COLUMNS: dict[type[Model], tuple[str, ...]] = {
    Organisation: ("name",),
    Site: ("name", "neutral_name", "time_zone", "nurse_lanes"),
    OpeningHours: ("site", "weekday", "opens", "closes"),
    Closure: ("site", "first", "last", "reason", "opens_anyway"),
    Travel: ("site", "other", "minutes"),
    Room: ("name", "site", "capabilities", "chairs", "turnover_minutes", "active"),
    Staff: ("name", "title", "roles", "skills", "active"),
    Credential: ("staff", "kind", "number", "valid_from", "expires_on"),
    WeeklyHours: ("staff", "site", "weekday", "starts", "ends", "effective_from", "effective_to"),
    AvailabilityException: ("staff", "site", "date", "starts", "ends", "working"),
    Absence: ("resource", "starts_at", "ends_at", "reason"),
}
CARE = {"patient", "series", "appointment", "hold"}

for model, columns in COLUMNS.items():
    admin.site.register(model, ReadOnly, list_display=columns)


@admin.register(Journal)
class JournalAdmin(ReadOnly):
    """Who changed what. Of patients and visits only which fields: the rest is care."""

    list_display = ("at", "actor", "door", "action", "subject", "site", "what")
    list_filter = ("door", "action")
    fields = list_display

    @admin.display(description="change")
    def what(self, entry: Journal) -> str:
        if entry.subject.partition(":")[0] in CARE:
            return ", ".join(sorted({*entry.before, *entry.after}))
        fields = {**entry.before, **entry.after}
        return "; ".join(
            f"{field}: {entry.before.get(field, '-')} → {entry.after.get(field, '-')}"
            for field in fields
        )


class UserForm(UserChangeForm):
    """A sign-in; nobody takes away their own."""

    asker: User

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance == self.asker and not (cleaned["is_active"] and cleaned["is_staff"]):
            raise ValidationError("Somebody else must take away your own access.")
        return cleaned


class NewUserForm(BaseUserCreationForm):
    """A sign-in with its first password."""

    email = forms.EmailField(max_length=User._meta.get_field("username").max_length)

    class Meta:
        model = User
        fields = ("email",)


class Grants(BaseInlineFormSet):
    """Somebody's roles; nobody takes away their own of administrator."""

    asker: User

    def clean(self) -> None:
        super().clean()
        if self.instance != self.asker or self.asker.is_superuser:
            return
        kept = [form.cleaned_data for form in self.forms if form not in self.deleted_forms]
        if not any(
            row.get("role") == Grant.Role.ADMINISTRATOR and row.get("site") is None for row in kept
        ):
            raise ValidationError("Somebody else must take away your own role of administrator.")


class GrantInline(admin.TabularInline):
    model = Grant
    formset = Grants
    extra = 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        return type(formset.__name__, (formset,), {"asker": request.user})

    def _may(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    has_view_permission = has_add_permission = has_change_permission = has_delete_permission = _may


@admin.register(User)
class SignIns(UserAdmin, Shown):
    """Who signs in, and their roles: the one thing that is edited here. Nobody is deleted.

    No service owns it yet; every change is journaled in its own transaction all the same.
    """

    form = UserForm
    add_form = NewUserForm
    inlines = (GrantInline,)
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Access", {"fields": ("is_active", "is_staff")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "roles")
    list_filter = ("is_active", "grants__role")
    search_fields = ()
    ordering = ("email",)
    filter_horizontal = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("grants__site")

    @admin.display
    def roles(self, user: User) -> str:
        return ", ".join(picture(user)["grants"])

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"asker": request.user})

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _written(super().add_view, request, *args, **kwargs)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _written(super().change_view, request, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _written(super().user_change_password, request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        request.before = picture(User.objects.get(pk=obj.pk)) if change else {}  # type: ignore[attr-defined]
        obj.username = obj.email
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        self._tell(request, obj, "user.added", {})

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        before = getattr(request, "before", None)
        self._tell(request, obj, "user.password_set" if before is None else "user.changed", before)

    def _tell(self, request: HttpRequest, obj: User, action: str, before: Any) -> None:
        was: dict[str, Any] = {}
        became: dict[str, Any] = {}
        if before is not None:
            was, became = journal.changes(before, picture(User.objects.get(pk=obj.pk)))
        if before is None or became:
            assert isinstance(request.user, User)
            journal.record(
                actor=Actor(name=request.user.email, door="admin", user=request.user.pk),
                now=timezone.now(),
                action=action,
                subject=f"user:{obj.pk}",
                before=was if before else {},
                after=became,
            )


def picture(user: User) -> dict[str, Any]:
    """What the journal keeps of a sign-in."""
    return {
        **{field: getattr(user, field) for field in ("email", "first_name", "last_name")},
        **{field: getattr(user, field) for field in ("is_active", "is_staff")},
        "grants": sorted(
            f"{grant.role} at {grant.site.name if grant.site else 'every site'}"
            for grant in user.grants.all()
        ),
    }


def _written(
    view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    """A form that is posted is written as services write: in one durable transaction."""
    if request.method != "POST":
        return view(request, *args, **kwargs)
    with writing():
        return view(request, *args, **kwargs)
