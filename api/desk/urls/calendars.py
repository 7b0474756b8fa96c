"""One's calendars kept elsewhere."""

from django.urls import path

from api.desk.views import my_calendars

urlpatterns = [
    path("me/calendars", my_calendars.add, name="add-calendar"),
    path("me/calendars/<int:pk>/read", my_calendars.read_now, name="read-calendar"),
    path("me/calendars/<int:pk>/remove", my_calendars.remove, name="remove-calendar"),
]
