"""Browsers of people who are signed in."""

from django.test import Client

from clinic.models import Grant, Staff, User


def person(role: str, own: Staff | None = None) -> Client:
    """Somebody of a role at every site; with `own`, they are that colleague."""
    user = User.objects.create(username=role, email=f"{role}@clinic.example", first_name=role)
    Grant.objects.create(user=user, role=role)
    if own:
        Staff.objects.filter(pk=own.pk).update(user=user)
    browser = Client()
    browser.force_login(user)
    return browser
