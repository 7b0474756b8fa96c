"""Insurance, payers, claims, and the end of a month."""

from django.urls import path

from api.desk.views.manage import payers
from api.desk.views.money import claim, claims, insurance, months

urlpatterns = [
    path("sites/<int:site>/billing/claims", claims.claims, name="claims"),
    path("sites/<int:site>/billing/claims.csv", claims.file, name="claims-file"),
    path("sites/<int:site>/billing/claims/make", claims.make, name="make-claims"),
    path("sites/<int:site>/billing/claims/recheck", claims.recheck, name="recheck-claims"),
    path("sites/<int:site>/billing/claims/send", claims.send, name="send-claims"),
    path("sites/<int:site>/billing/claims/files", claims.files, name="claim-files"),
    path(
        "sites/<int:site>/billing/claims/files/<int:batch>", claims.download, name="claim-download"
    ),
    path("claims/<int:pk>", claim.claim, name="claim"),
    path("claims/<int:pk>/amend", claim.amend, name="amend-claim"),
    path("claims/<int:pk>/paid", claim.paid, name="claim-paid"),
    path("claims/<int:pk>/denied", claim.denied, name="claim-denied"),
    path("claims/<int:pk>/take-back", claim.take_back, name="claim-take-back"),
    path("claims/<int:pk>/reopen", claim.reopen, name="reopen-claim"),
    path("claims/<int:pk>/void", claim.void, name="void-claim"),
    path("patients/<int:pk>/insurance", insurance.insurance, name="insurance"),
    path("patients/<int:pk>/insurance/details", insurance.details, name="patient-details"),
    path("patients/<int:pk>/insurance/new", insurance.new_coverage, name="new-coverage"),
    path("coverages/<int:coverage>", insurance.coverage, name="coverage"),
    path(
        "coverages/<int:coverage>/authorisations/new",
        insurance.new_authorisation,
        name="new-authorisation",
    ),
    path("authorisations/<int:authorisation>", insurance.authorisation, name="authorisation"),
    path("setup/payers", payers.payers, name="payers"),
    path("setup/payers/new", payers.new_payer, name="new-payer"),
    path("setup/payers/<slug:payer>", payers.payer, name="payer"),
    path("sites/<int:site>/filing", payers.filing, name="filing"),
    path("sites/<int:site>/filing/<int:staff>", payers.provider, name="provider"),
    path("sites/<int:site>/billing/months", months.overview, name="months"),
    path("sites/<int:site>/billing/months/<slug:figures>.csv", months.file, name="month-file"),
    path("sites/<int:site>/billing/months/<slug:figures>", months.report, name="month"),
]
