"""Machines that call, to look at; `manage.py end_tokens` shuts one out."""

from django.contrib import admin

from api.models import Client
from clinic.shown import ReadOnly


@admin.register(Client)
class ClientAdmin(ReadOnly):
    list_display = ("application", "every_site", "scopes")
    fields = ("application", "every_site", "sites", "scopes")
