"""How the day runs: the boards of the desk, the nurses and the rooms."""

from django.urls import path

from api.desk.views import live

urlpatterns = [
    path("sites/<int:site>/live", live.desk, name="live-desk"),
    path("sites/<int:site>/live/nurses", live.nurses, name="live-nurses"),
    path("sites/<int:site>/live/rooms", live.rooms, name="live-rooms"),
]
