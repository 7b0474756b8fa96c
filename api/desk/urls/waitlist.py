"""The waitlist, and the offers of it."""

from django.urls import path

from api.desk.views import offers, waitlist

urlpatterns = [
    path("sites/<int:site>/waitlist", waitlist.listed, name="waitlist"),
    path("visits/<int:visit>/earlier", waitlist.earlier, name="wait-earlier"),
    path("waits/<int:wait>/offer", waitlist.offer, name="offer-now"),
    path("waits/<int:wait>/leave", waitlist.leave, name="leave-wait"),
    path("offers/<int:offer>/accept", waitlist.accept, name="accept-offer"),
    path("offers/<int:offer>/decline", waitlist.decline, name="decline-offer"),
    path("offers/<str:secret>", offers.offer, name="offer"),
]
