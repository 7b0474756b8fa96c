"""The desk's addresses. None holds a name; ids, dates and sites only."""

from datetime import date

from django.urls import path, register_converter

from api.desk.views import patients, places

app_name = "desk"


class IsoDate:
    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


register_converter(IsoDate, "day")

urlpatterns = [
    path("", places.home, name="home"),
    path("sites/<int:site>", places.switch, name="switch"),
    path("patients/find", patients.find, name="find"),
    path("patients/new", patients.new, name="new-patient"),
    path("style", places.style, name="style"),
]
