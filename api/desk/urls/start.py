"""Setting a clinic up, step by step."""

from django.urls import path

from api.desk.views import start

urlpatterns = [
    path("start", start.start, name="start"),
    path("start/<slug:start_step>", start.step, name="start-step"),
]
