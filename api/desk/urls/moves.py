"""Moving a visit."""

from django.urls import path

from api.desk.views import moves

urlpatterns = [
    path("visits/<int:visit>/move", moves.dialog, name="move-visit"),
    path("visits/<int:visit>/move/preview", moves.preview, name="move-preview"),
    path("visits/<int:visit>/move/do", moves.move, name="move-do"),
    path("visits/<int:visit>/move/places", moves.places, name="move-places"),
]
