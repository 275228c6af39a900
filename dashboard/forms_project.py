"""The forms of a project's pages: members, connections and numbers."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from agentversions.models import Role


class MemberForm(forms.Form):
    """Someone's name, and the role they get."""

    username = forms.CharField(
        max_length=150,
        label="Name they sign in with",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.EDITOR)

    def clean(self) -> dict[str, Any]:
        """Find the user."""
        cleaned = super().clean() or {}
        user = User.objects.filter(username=cleaned.get("username", ""), is_active=True).first()
        if user is None and "username" in cleaned:
            self.add_error("username", "Nobody here signs in with this name.")
        return cleaned | {"user": user}
