"""The command palette and what it finds; the way back from the last action."""

from django.urls import path

from api.desk.views import palette, undo

urlpatterns = [
    path("palette", palette.palette, name="palette"),
    path("undo", undo.undo, name="undo"),
]
