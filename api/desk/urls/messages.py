"""What was said to patients, and the words that say it."""

from django.urls import path

from api.desk.views import messages
from api.desk.views.manage import message_words

urlpatterns = [
    path("sites/<int:site>/messages", messages.listed, name="messages"),
    path("messages/<int:message>", messages.message, name="message"),
    path("messages/<int:message>/again", messages.again, name="send-again"),
    path("messages/<int:message>/settled", messages.settled, name="settle-message"),
    path("sites/<int:site>/message-words", message_words.listed, name="message-words"),
    path(
        "sites/<int:site>/message-words/<slug:message_kind>/<slug:channel>",
        message_words.edit,
        name="edit-words",
    ),
    path(
        "sites/<int:site>/message-words/<slug:message_kind>/<slug:channel>/preview",
        message_words.preview,
        name="preview-words",
    ),
    path(
        "sites/<int:site>/message-words/<slug:message_kind>/<slug:channel>/reset",
        message_words.reset,
        name="reset-words",
    ),
]
