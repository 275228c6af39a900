"""The three doors: the dashboard for builders, the admin for operators, the webhooks for telephony providers."""

from django.contrib import admin
from django.urls import include, path

from agentversions.signing_in import told_to_wait

urlpatterns = [
    path("admin/login/", told_to_wait(admin.site.login)),
    path("admin/", admin.site.urls),
    path("telephony/", include("telephony.urls")),
    path("", include("dashboard.urls")),
]
