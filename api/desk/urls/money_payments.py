"""A patient's money, what is unpaid, the end of the day, and the link that a patient pays by."""

from django.urls import path

from api.desk.views.money import account, day_end, going_back, pay_link, payments, unpaid

urlpatterns = [
    path("patients/<int:patient>/money", account.account, name="patient-money"),
    path("patients/<int:patient>/payment", payments.take, name="take-payment"),
    path("patients/<int:patient>/payment-link", payments.link, name="payment-link"),
    path("patients/<int:patient>/kept-card", payments.kept_card, name="charge-kept-card"),
    path("patients/<int:patient>/kept-card/forget", payments.forget, name="forget-kept-card"),
    path("patients/<int:patient>/credit", going_back.credit, name="give-back-credit"),
    path("patients/<int:patient>/write-off", going_back.give_up, name="write-off"),
    path("payments/<int:payment>/refund", going_back.refund, name="refund-payment"),
    path("payments/<int:payment>/take-back", going_back.take_back, name="take-back-payment"),
    path("sites/<int:site>/unpaid", unpaid.listed, name="unpaid"),
    path("sites/<int:site>/unpaid.csv", unpaid.file, name="unpaid-file"),
    path("sites/<int:site>/day-end", day_end.today, name="day-end-today"),
    path("sites/<int:site>/day-end/<day:day>", day_end.day_end, name="day-end"),
    path("sites/<int:site>/day-end/<day:day>.csv", day_end.file, name="day-end-file"),
    path("pay/<str:secret>", pay_link.pay, name="pay"),
]
