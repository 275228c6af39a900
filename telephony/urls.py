"""The webhooks' addresses: what is pasted at a provider, and what is handed to a worker."""

from django.urls import path
from django.views.decorators.cache import cache_control

from telephony import views

urlpatterns = [
    path("<slug:provider>/<uuid:connection>/route/", views.route, name="telephony.route"),
    path("<slug:provider>/<uuid:connection>/events/", views.events, name="telephony.events"),
    # With its secrets: nobody on the way keeps it, whether pages' middleware is there or not.
    path(
        "calls/<uuid:call>/configuration/",
        cache_control(no_store=True)(views.configuration),
        name="telephony.configuration",
    ),
    path("calls/<uuid:call>/report/<str:token>/", views.report, name="telephony.report"),
]
