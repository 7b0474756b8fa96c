"""Who is out, and recoveries."""

from django.urls import path

from api.desk.views import recoveries

urlpatterns = [
    path("sites/<int:site>/out", recoveries.out, name="out"),
    path("recoveries/<int:recovery>", recoveries.recovery, name="recovery"),
    path("recoveries/<int:recovery>/live", recoveries.live, name="recovery-live"),
    path("recoveries/<int:recovery>/accept", recoveries.accept, name="accept-recovery"),
    path("recoveries/<int:recovery>/again", recoveries.again, name="replan-recovery"),
    path("recoveries/<int:recovery>/back", recoveries.back, name="come-back"),
]
