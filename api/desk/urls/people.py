"""Staff, their credentials, and the invitations to sign in."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
