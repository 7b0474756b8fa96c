"""Reports of a site: all of them, one, and its file."""

from django.urls import path

from api.desk.views import reports

urlpatterns = [
    path("sites/<int:site>/reports", reports.overview, name="reports"),
    path("sites/<int:site>/reports/<slug:report>.csv", reports.file, name="report-file"),
    path("sites/<int:site>/reports/<slug:report>", reports.report, name="report"),
]
