"""Patients and staff from a file."""

from django.urls import path

from api.desk.views.manage import imports

urlpatterns = [
    path("sites/<int:site>/import", imports.home, name="import"),
    path("sites/<int:site>/import/<slug:kind>.csv", imports.template, name="import-template"),
    path("import/<int:draft>", imports.look, name="import-draft"),
    path("import/<int:draft>/columns", imports.columns, name="import-columns"),
    path("import/<int:draft>/file", imports.file, name="import-file"),
    path("import/<int:draft>/run", imports.run, name="import-run"),
    path("import/<int:draft>/discard", imports.discard, name="import-discard"),
    path("import/<int:draft>/faults.csv", imports.faults, name="import-faults"),
]
