"""Beside the wizard: one visit, blocks, notes, undo, the printed itinerary."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
