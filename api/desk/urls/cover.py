"""Who watches whom: the cover of a day, and what changes it."""

from django.urls import path

from api.desk.views import cover

urlpatterns = [
    path("sites/<int:site>/cover", cover.today, name="cover-today"),
    path("sites/<int:site>/cover/<day:day>", cover.sheet, name="cover"),
    path("sites/<int:site>/cover/<day:day>/swap", cover.swap, name="cover-swap"),
    path("sites/<int:site>/cover/<day:day>/balance", cover.even_out, name="cover-balance"),
    path("sites/<int:site>/cover/<day:day>/float", cover.float_in, name="cover-float"),
    path("sites/<int:site>/cover/<day:day>/break", cover.rest, name="cover-break"),
    path("visits/<int:visit>/give", cover.give, name="give"),
    path("visits/<int:visit>/give/targets", cover.targets, name="give-targets"),
    path("visits/<int:visit>/hand-over", cover.sign, name="sign-hand-over"),
]
