"""Monitoring rounds."""

from django.urls import path

from api.desk.views import rounds

urlpatterns = [
    path("sites/<int:site>/rounds", rounds.rounds, name="rounds"),
    path("sites/<int:site>/rounds/live", rounds.live, name="rounds-live"),
    path("visits/<int:visit>/rounds", rounds.chart, name="rounds-of"),
    path("visits/<int:visit>/vitals", rounds.record, name="record-vitals"),
]
