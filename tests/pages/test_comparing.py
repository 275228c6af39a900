"""What differs between two versions, and between one and the draft: setting by setting, word by word."""

import pytest
from django.urls import reverse

from agentversions.models import Version
from agentversions.operations import edit_draft
from tests.cast import Cast, edit, save, shown, typed
from tests.pages.conftest import SignIn


class TestPage:
    def test_shows_changed_settings_only_by_section(self, cast: Cast, sign_in: SignIn) -> None:
        save(cast.agent, cast.ana, prompt="We open at nine.", voice__speed="1.2")
        save(cast.agent, cast.ana, prompt="We open at eight.", recording="on")

        page = sign_in(cast.cleo).get(reverse("versions.compare", args=[cast.agent.pk, "2", "3"])).content.decode()

        assert "From v2 to v3" in page
        assert '<del><span class="unseen">Removed: </span>nine</del>' in page
        assert '<ins><span class="unseen">Added: </span>eight</ins>' in page
        assert "Record the call" in page
        assert "<h3>Speed</h3>" not in page

    def test_tells_tools_by_name_and_field(self, cast: Cast, sign_in: SignIn) -> None:
        tool = {"id": "a1", "kind": "hang_up", "name": "bye", "description": "When done."}
        edit_draft(cast.agent, typed([tool]), base=shown(cast.agent, cast.ana), by=cast.ana)

        page = sign_in(cast.ana).get(reverse("versions.compare", args=[cast.agent.pk, "1", "draft"])).content.decode()

        assert "Tool bye · When to use it" in page

    def test_the_draft_is_ones_own(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, greeting="Ben's secret")

        page = sign_in(cast.ana).get(reverse("versions.compare", args=[cast.agent.pk, "1", "draft"])).content.decode()

        assert "Nothing differs" in page
        assert "Ben" not in page

    @pytest.mark.parametrize("span", [("1", "9"), ("live", "1"), ("x", "1"), ("1", "9" * 30), ("²", "1")])
    def test_what_doesnt_exist_is_404(self, cast: Cast, sign_in: SignIn, span: tuple[str, str]) -> None:
        assert sign_in(cast.ana).get(reverse("versions.compare", args=[cast.agent.pk, *span])).status_code == 404
        assert Version.objects.filter(agent=cast.agent).count() == 1

    def test_a_foreign_agent_is_unknown(self, cast: Cast, sign_in: SignIn) -> None:
        assert sign_in(cast.olga).get(reverse("versions.compare", args=[cast.agent.pk, "1", "1"])).status_code == 404
