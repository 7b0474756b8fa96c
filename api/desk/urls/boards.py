"""The week and month boards, free capacity, the list of patients."""

from django.urls import path

from api.desk.views import boards, free, patient_list

urlpatterns = [
    path("sites/<int:site>/week/<day:day>", boards.week, name="site-week"),
    path("sites/<int:site>/month/<day:day>", boards.month, name="site-month"),
    path("sites/<int:site>/free", free.free, name="free"),
    path("sites/<int:site>/patients", patient_list.patients, name="patients"),
]
