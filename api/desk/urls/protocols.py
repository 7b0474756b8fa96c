"""Protocols: the list, the editor, versions compared."""

from django.urls import path

from api.desk.views.manage import protocol_editor, protocols

urlpatterns = [
    path("protocols", protocols.protocols, name="protocols"),
    path("protocols.yaml", protocols.export, name="export-protocols"),
    path("protocol-starter", protocols.starter, name="starter-protocol"),
    path("protocol-new", protocols.new, name="new-protocol"),
    path("protocol-import", protocols.take_in, name="import-protocols"),
    path("protocols/<slug:protocol>", protocols.protocol, name="protocol"),
    path("protocols/<slug:protocol>.yaml", protocols.export_one, name="export-protocol"),
    path("protocols/<slug:protocol>/compare", protocols.compare, name="compare-versions"),
    path("protocols/<slug:protocol>/sample", protocols.sampled, name="protocol-sample"),
    path("protocols/<slug:protocol>/review", protocols.review, name="review-protocol"),
    path("protocols/<slug:protocol>/retire", protocols.retire, name="retire-protocol"),
    path("protocols/<slug:protocol>/edit", protocol_editor.edit, name="edit-protocol"),
    path("protocol-drafts/<slug:draft>", protocol_editor.draft, name="protocol-draft"),
    path("protocol-drafts/<slug:draft>/sample", protocol_editor.sampled, name="draft-sample"),
    path("protocol-drafts/<slug:draft>/version", protocol_editor.version, name="draft-version"),
    path("protocol-drafts/<slug:draft>/discard", protocol_editor.discard, name="discard-protocol"),
]
