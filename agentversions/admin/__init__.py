"""The admin: the operator's door. It shows what one's projects hold, and writes through the verbs alone."""

from django.contrib import admin

from agentversions.admin import nouns as nouns
from agentversions.admin import people as people
from agentversions.signing_in import CountedAdmin

admin.site.login_form = CountedAdmin
admin.site.site_header = "Agent Versions"
admin.site.site_title = "Agent Versions"
admin.site.index_title = "Administration"
