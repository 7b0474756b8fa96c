"""The command palette and what it finds."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
