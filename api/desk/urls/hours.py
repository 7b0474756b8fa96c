"""When people work: the week editor, exceptions, time off, on call, capacity."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
