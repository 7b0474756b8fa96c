"""Sites, their hours and closures; rooms."""

from django.urls import path

from api.desk.views.manage import closures, rooms, sites

urlpatterns = [
    path("setup/sites", sites.sites, name="sites"),
    path("setup/sites/new", sites.new, name="new-site"),
    path("setup/organisation", sites.organisation, name="organisation"),
    path("sites/<int:site>/about", sites.about, name="site"),
    path("sites/<int:site>/opening", sites.opening, name="opening"),
    path("sites/<int:site>/closures", closures.close, name="close-site"),
    path("sites/<int:site>/closures/<int:closure>/remove", closures.reopen, name="reopen-site"),
    path("sites/<int:site>/holidays", closures.holiday, name="holiday"),
    path("sites/<int:site>/travel", closures.travel, name="travel"),
    path("sites/<int:site>/rooms", rooms.rooms, name="rooms"),
    path("sites/<int:site>/rooms/new", rooms.new, name="new-rooms"),
    path("rooms/<int:room>", rooms.room, name="room"),
    path("rooms/<int:room>/use", rooms.use, name="use-room"),
    path("rooms/<int:room>/out", rooms.out, name="room-out"),
    path("rooms/<int:room>/out/<int:room_absence>/remove", rooms.back, name="room-back"),
    path("rooms/<int:room>/move", rooms.move, name="move-room"),
]
