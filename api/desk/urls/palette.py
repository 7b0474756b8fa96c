"""The command palette and what it finds; the way back from the last action."""

from django.urls import path

from api.desk.views import undo

urlpatterns = [
    path("undo", undo.undo, name="undo"),
]
