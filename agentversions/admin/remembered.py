"""The operator's memory: who changed which column, read and never reverted."""

from typing import Any, override

from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from simple_history.admin import SimpleHistoryAdmin
from simple_history.models import DeletedObject
from simple_history.template_utils import HistoricalRecordContextHelper

from agentversions.admin.confirming import Confirming


class Told(HistoricalRecordContextHelper):  # type: ignore[misc] # simple-history has no types
    """How the library words a change: it takes a pointer to nothing for one to something deleted."""

    @override
    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        """The value, or a dash for nothing."""
        value = super().prepare_delta_change_value(change, value)
        nothing = value is None or (isinstance(value, DeletedObject) and value.pk is None)
        return "-" if nothing else value


class Remembered[M: Model](SimpleHistoryAdmin, Confirming[M]):  # type: ignore[misc] # simple-history has no types
    """A noun with a History.

    The library finds what a history tells of without asking who may see it, and its setting against reverting only
    hides the button. So both pages find their object as all others do, else 404, and take no POST.
    """

    object_history_list_template = "admin/remembered.html"
    object_history_form_template = "admin/remembered_state.html"

    @override
    @method_decorator(require_safe)
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """List what changed."""
        self._find(request, object_id)
        page: HttpResponse = super().history_view(request, object_id, extra_context)
        return page

    @override
    @method_decorator(require_safe)
    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show how it was."""
        self._find(request, object_id)
        if not (version_id.isascii() and version_id.isdigit()):
            raise Http404
        page: HttpResponse = super().history_form_view(request, unquote(object_id), version_id, extra_context)
        return page

    @override
    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> Told:
        """Word the changes."""
        return Told(self.model, historical_record)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> list[str]:
        """Everything, where it is shown how it was."""
        at = request.resolver_match
        if obj and at and str(at.url_name).endswith("_simple_history"):
            return list(self.shown)
        return list(super().get_readonly_fields(request, obj))

    @override
    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Offer the History."""
        return super().render_change_form(request, context | {"forgets": False}, *args, **kwargs)

    def _find(self, request: HttpRequest, object_id: str) -> None:
        if self.get_object(request, unquote(object_id)) is None:
            raise Http404
