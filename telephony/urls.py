"""The webhooks' addresses: what is pasted at a provider, and what is handed to a worker."""

from django.urls import path

from telephony import views

urlpatterns = [
    path("<slug:provider>/<uuid:connection>/route/", views.route, name="telephony.route"),
    path("<slug:provider>/<uuid:connection>/events/", views.events, name="telephony.events"),
    path("calls/<uuid:call>/configuration/", views.configuration, name="telephony.configuration"),
    path("calls/<uuid:call>/report/<str:token>/", views.report, name="telephony.report"),
]
