"""How the admin shows what services own: to read, never to write."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse


class Shown(ModelAdmin):
    """What the admin lists. Who may enter is the site's to say; in it everything can be read."""

    actions = None
    list_select_related = True
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """History is in the journal."""
        subject = f"{self.opts.model_name}:{object_id}"
        return redirect(f"{reverse('admin:clinic_journal_changelist')}?subject={subject}")


class ReadOnly(Shown):
    """Written by services alone: no adding, changing or deleting here, whoever asks."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
