from django.urls import include, path

from api.desk.views.start import sign_in
from api.health import healthz, readyz
from api.stripe import webhook

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("stripe/webhook", webhook),
    path("", include("api.feeds")),
    path("account/login/", sign_in),
    path("account/", include("allauth.urls")),
    path("", include("api.rest.urls")),
    path("", include("api.fhir.urls")),
    path("", include("api.desk.urls")),
]
