"""Setting a clinic up, step by step; the tour of the demo."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
