"""Beside the wizard: one visit, blocks, notes, a patient's times, the printed itinerary."""

from django.urls import path

from api.desk.views import blocks, booking, notes, series, single, usual

urlpatterns = [
    path("sites/<int:site>/visit", single.book, name="book-visit"),
    path("sites/<int:site>/visit/fit", single.fit, name="visit-fit"),
    path("sites/<int:site>/visit/for/<int:patient>", single.choices, name="visit-choices"),
    path("sites/<int:site>/block", blocks.block, name="block"),
    path("blocks/<int:absence>", blocks.unblock, name="unblock"),
    path("visits/<int:visit>/note", notes.note, name="visit-note"),
    path("patients/<int:patient>/times", usual.times, name="patient-times"),
    path("sites/<int:site>/book/remember", usual.remember, name="remember-times"),
    path("sites/<int:site>/book/release", booking.release, name="release-hold"),
    path("sites/<int:site>/book/sooner", booking.sooner, name="sooner"),
    path("series/<int:series>/visits.pdf", series.pdf, name="series-pdf"),
]
