"""What keeps the code as it is drawn: only verbs write, nothing is imported in hiding, pages carry no script.

Each rule is also shown code that breaks it, since a rule that finds nothing may have stopped looking.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern

from dashboard import urls

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agentversions", "telephony", "dashboard")

WRITES = {
    *("save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create"),
    *("asave", "acreate", "aupdate", "adelete", "abulk_create", "abulk_update", "aget_or_create", "aupdate_or_create"),
    *("save_base", "_raw_delete", "bulk_history_create", "execute", "executemany", "set_password"),
}
VERBS = (
    "agentversions/operations/",
    "telephony/operations/",
    "telephony/routing.py",  # the verb that a ring is: one statement
    "telephony/tallying.py",  # what settling a call adds to the sums, in its transaction
    "telephony/forgetting.py",  # what is emptied of calls, by the verb and whenever more is told late
    "telephony/management/crowd.py",  # very many calls at once, on a developer's machine
    "agentversions/guards.py",  # the database's own refusals, put in place after migrations
    "agentversions/backups.py",  # everything at once, or nothing
)
WRITTEN_ELSEWHERE = {
    ("agentversions/history.py", "Event.objects.create"),  # the one place that records a fact, called by every verb
    ("agentversions/admin/lifecycle.py", "form.initial.update"),  # a dictionary
    ("telephony/performance.py", "cursor.execute"),  # a question
}

type Found = Iterator[tuple[int, str]]
"""The line and the words of what breaks a rule."""


def writes(source: str) -> Found:
    """Calls that write to the database, or look like it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            yield node.lineno, ast.unparse(node.func)


def hidden_imports(source: str) -> Found:
    """Imports inside functions."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield node.lineno, ast.unparse(node)


FORBIDDEN_IN_TEMPLATES = {
    "an inline handler": r"""\son[a-z]+\s*=""",
    "hx-on": r"hx-on",
    "a js: or javascript: value": r"""["'{\s]j(ava)?s(cript)?:""",
    "an inline style": r"\sstyle\s*=|<style",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "unescaped text": r"\|\s*safe(seq)?\b|autoescape\s+off",
    "a trigger with a filter, which fires anyway": r"""hx-trigger\s*=\s*("[^"]*\[|'[^']*\[)""",
    "something from elsewhere": r"""\s(src|href|action)\s*=\s*["'](https?:)?//""",
}


def forbidden(template: str) -> Found:
    """What the content security policy would stop, or a prompt could abuse."""
    for words, pattern in FORBIDDEN_IN_TEMPLATES.items():
        for match in re.finditer(pattern, template, re.IGNORECASE):
            yield template.count("\n", 0, match.start()) + 1, f"{words}: {match[0].strip()}"


def everywhere(rule: Callable[[str], Found], *patterns: str) -> dict[str, list[tuple[int, str]]]:
    """What breaks a rule, by file; not in migrations."""
    files = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    assert files, "the pattern finds no file"
    names = {path: path.relative_to(ROOT).as_posix() for path in files}
    found = {name: list(rule(path.read_text())) for path, name in names.items() if "/migrations/" not in name}
    return {name: broken for name, broken in found.items() if broken}


def test_only_verbs_write() -> None:
    found = everywhere(writes, *(f"{package}/**/*.py" for package in PACKAGES))
    elsewhere = {(name, words) for name, broken in found.items() if not name.startswith(VERBS) for _, words in broken}

    assert elsewhere <= WRITTEN_ELSEWHERE
    assert any(name.startswith("agentversions/operations/") for name in found)


def test_nothing_is_imported_inside_a_function() -> None:
    assert everywhere(hidden_imports, *(f"{package}/**/*.py" for package in PACKAGES)) == {}


def test_templates_carry_no_script_no_style_and_nothing_unescaped() -> None:
    assert everywhere(forbidden, "templates/**/*.html") == {}


def named_otherwise(patterns: list[URLPattern]) -> list[str]:
    """URLs that aren't called `module.function` after their view."""
    views = [(pattern.name, pattern.callback) for pattern in patterns]
    return [
        str(name)
        for name, view in views
        if name != f"{view.__module__.removeprefix('dashboard.views.')}.{view.__name__}"
    ]


def test_every_page_is_named_after_its_view() -> None:
    assert urls.urlpatterns
    assert named_otherwise(urls.urlpatterns) == []


class TestTheRulesThemselves:
    @pytest.mark.parametrize(
        "line",
        [
            "agent.save()",
            "Agent.objects.filter(pk=1).update(name='x')",
            "def view(request):\n    return [draft.delete() for draft in drafts]",
            "Draft.history.bulk_history_create([])",
            "cursor.execute('UPDATE')",
        ],
    )
    def test_find_a_write(self, line: str) -> None:
        assert list(writes(line))

    def test_find_a_hidden_import(self) -> None:
        assert list(hidden_imports("def f():\n    if True:\n        from os import path")) == [
            (3, "from os import path")
        ]
        assert list(hidden_imports("class A:\n    def f(self):\n        import os"))
        assert not list(hidden_imports("import os\nif True:\n    import re"))

    @pytest.mark.parametrize(
        "template",
        [
            '<button onclick="x()">',
            "<b hx-on:click='x'>",
            "<b hx-on--load='x'>",
            '<a href="javascript:x">',
            "<b hx-vals='js:{x: 1}'>",
            '<b style="color: red">',
            "<style>b {}</style>",
            "<script>x</script>",
            '<script nonce="1">x</script>',
            "{{ prompt|safe }}",
            "{{ prompt | safe }}",
            "{{ prompts|safeseq }}",
            "{% autoescape off %}",
            '<form hx-trigger="input[x > 1] delay:1s">',
            "<form\n  hx-trigger='keyup[ctrlKey]'>",
            '<script src="https://cdn.example/x.js">',
            '<link href="//cdn.example/x.css">',
        ],
    )
    def test_find_what_no_template_may_hold(self, template: str) -> None:
        assert list(forbidden(f"<p>\n{template}"))

    @pytest.mark.parametrize(
        "template",
        [
            '<input name="tools[]" hx-trigger="input delay:500ms, change delay:10ms, save-now">',
            '<script src="{% static "js/a.js" %}" defer></script>',
            "{{ prompt|safely }} <b class='style' data-style='x'>",
            '<a href="{% url "agents.show" agent.pk %}">person = on</a>',
        ],
    )
    def test_leave_alone_what_is_right(self, template: str) -> None:
        assert not list(forbidden(template))

    def test_find_a_page_named_otherwise(self) -> None:
        right = urls.urlpatterns[0]
        wrong = URLPattern(right.pattern, right.callback, name="somewhere.else")

        assert named_otherwise([right, wrong]) == ["somewhere.else"]


def unmapped(readme: str) -> set[str]:
    """Modules that the README's map doesn't tell of: in its package's part, by name or by a pattern."""
    parts = dict(re.findall(r"^(\w+)/ (.*?)(?=^\w|^```)", readme, re.DOTALL | re.MULTILINE))
    return {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).glob("*.py")
        if path.stem not in (*SWITCHES, "__init__")
        and not any(path.match(name) for name in re.findall(r"[\w*]+\.py", parts[package]))
    }


SWITCHES = ("apps", "settings", "urls", "wsgi", "admin")
"""Where Django expects them."""


def test_the_readme_has_every_module_on_its_map() -> None:
    readme = (ROOT / "README.md").read_text()
    assert unmapped(readme) == set()
    assert unmapped(readme.replace("finding.py ", "")) == {"telephony/finding.py"}
