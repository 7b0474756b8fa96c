"""Protocols: the list, the editor, versions compared."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
