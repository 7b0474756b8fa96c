"""The day, booking, series, visits, patients and one's own week."""

from django.urls import path

from api.desk.views import (
    booking,
    day,
    extending,
    gates,
    me,
    patients,
    places,
    series,
    series_list,
    visits,
)

urlpatterns = [
    path("", places.home, name="home"),
    path("sites/<int:site>", places.switch, name="switch"),
    path("sites/<int:site>/day", day.today, name="today"),
    path("sites/<int:site>/day/<day:day>", day.day, name="day"),
    path("sites/<int:site>/day/<day:day>/live", day.live, name="live"),
    path("sites/<int:site>/book", booking.book, name="book"),
    path("sites/<int:site>/book/proposals", booking.proposals, name="proposals"),
    path("sites/<int:site>/book/hold", booking.hold, name="hold"),
    path("sites/<int:site>/book/patient/<int:patient>", booking.who, name="who"),
    path("sites/<int:site>/series", series_list.series_list, name="series-list"),
    path("series/<int:pk>", series.series, name="series"),
    path("series/<int:pk>/visits.ics", series.ics, name="series-ics"),
    path("series/<int:pk>/cancel", series.cancel, name="cancel-series"),
    path("series/<int:series>/extend", extending.extend, name="extend-series"),
    path("series/<int:pk>/book/<slug:step>", series.again, name="book-again"),
    path("visits/<int:pk>", visits.visit, name="visit"),
    path("visits/<int:pk>/cancel", visits.cancel, name="cancel-visit"),
    path("visits/<int:pk>/status", visits.status, name="visit-status"),
    path("visits/<int:visit>/gates", gates.section, name="gates"),
    path("visits/<int:visit>/gate", gates.gate, name="gate"),
    path("visits/<int:visit>/gate/override", gates.override, name="override-gate"),
    path("patients/find", patients.find, name="find"),
    path("patients/new", patients.new, name="new-patient"),
    path("patients/<int:pk>", patients.patient, name="patient"),
    path("patients/<int:pk>/edit", patients.edit, name="edit-patient"),
    path("me/week", me.week, name="week"),
    path("me/feeds", me.create, name="create-feed"),
    path("me/feeds/<int:pk>/rotate", me.rotate, name="rotate-feed"),
    path("me/feeds/<int:pk>/revoke", me.revoke, name="revoke-feed"),
    path("style", places.style, name="style"),
]
