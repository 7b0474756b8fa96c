"""Staff, their credentials, and the invitations to sign in."""

from django.urls import path

from api.desk.views import welcome
from api.desk.views.manage import credentials, invitations, staff

urlpatterns = [
    path("sites/<int:site>/staff", staff.staff_list, name="staff-list"),
    path("sites/<int:site>/staff/new", staff.new, name="new-staff"),
    path("sites/<int:site>/credentials", credentials.credentials, name="credentials"),
    path("staff/<int:staff>", staff.staff, name="staff"),
    path("staff/<int:staff>/leave", staff.leave, name="leave"),
    path("staff/<int:staff>/credentials", credentials.add, name="add-credential"),
    path("credentials/<int:credential>", credentials.credential, name="credential"),
    path("credentials/<int:credential>/withdraw", credentials.withdraw, name="withdraw-credential"),
    path("sign-ins", invitations.sign_ins, name="sign-ins"),
    path("sign-ins/invite", invitations.invite_someone, name="invite"),
    path("sign-ins/<int:user>", invitations.rights, name="rights"),
    path("sign-ins/<int:user>/access", invitations.access, name="access"),
    path("invitations/<int:invitation>/again", invitations.again, name="invite-again"),
    path(
        "invitations/<int:invitation>/withdraw",
        invitations.withdraw,
        name="withdraw-invitation",
    ),
    path("welcome/<str:secret>", welcome.welcome, name="welcome"),
]
