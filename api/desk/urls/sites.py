"""Sites, their hours and closures; rooms."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
