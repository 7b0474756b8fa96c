from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz),
    path("account/", include("allauth.urls")),
    path("", include("api.feeds")),
    path("", include("api.desk.urls")),
]
