"""Good faith estimates, and a patient's documents."""

from django.urls import path

from api.desk.views.money import documents, estimates

urlpatterns = [
    path("sites/<int:site>/estimates", estimates.listed, name="estimates"),
    path("sites/<int:site>/estimates.csv", estimates.file, name="estimates-file"),
    path("estimates/<int:estimate>", estimates.one, name="estimate"),
    path("estimates/<int:estimate>/issue", estimates.issue, name="issue-estimate"),
    path("estimates/<int:estimate>/ask", estimates.ask, name="ask-estimate"),
    path("series/<int:series>/estimate", estimates.ask_for_series, name="ask-series-estimate"),
    path("patients/<int:patient>/documents", documents.of_patient, name="patient-documents"),
    path(
        "patients/<int:patient>/documents/<slug:paper_kind>",
        documents.issue,
        name="issue-document",
    ),
    path("documents/<int:document>.pdf", documents.paper, name="document"),
    path("documents/<int:document>/correct", documents.correct, name="correct-invoice"),
]
