"""The week and month boards, free capacity, the list of patients."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
