"""The forms of a project's pages: members, connections and numbers."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from agentversions import access
from agentversions.models import Role
from agentversions.refusals import Invalid


class MemberForm(forms.Form):
    """Someone's name, and the role they get."""

    username = forms.CharField(
        max_length=150,
        label="Name they sign in with",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.EDITOR)

    def __init__(self, *args: Any, by: User) -> None:
        super().__init__(*args)
        self.by = by

    def clean(self) -> dict[str, Any]:
        """Find the user, among those whom the admin may know."""
        cleaned = super().clean() or {}
        if "username" in cleaned:
            try:
                cleaned["user"] = access.someone(self.by, cleaned["username"])
            except Invalid as refused:
                self.add_error("username", refused.sentence)
        return cleaned
