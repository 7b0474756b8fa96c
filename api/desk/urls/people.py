"""Staff, their credentials, and the invitations to sign in."""

from django.urls import path

from api.desk.views import welcome

urlpatterns = [
    path("welcome/<str:secret>", welcome.welcome, name="welcome"),
]
