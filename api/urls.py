from django.urls import include, path

from api.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("account/", include("allauth.urls")),
    path("", include("api.rest.urls")),
    path("", include("api.feeds")),
    path("", include("api.desk.urls")),
]
