"""Characters that can't be seen, made visible where a text changed."""

import re
from itertools import islice

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

MOST = 200
"""Marks in one stretch: more say no more."""

FEW = 3
"""Marks that are drawn one by one; more of a kind are counted."""

BIDI = "text direction mark"
NAMES = {
    " ": ("·", "space"),
    "\t": ("⇥", "tab"),
    "\n": ("¶", "line break"),
    "\r": ("␍", "carriage return"),
    "\u0085": ("¶", "line break (U+0085)"),
    "\u00a0": ("⍽", "non-breaking space"),
    "\u00ad": ("¬", "soft hyphen"),
    "\u061c": ("⇄", BIDI),
    "\u180e": ("∅", "zero-width character"),
    **{chr(code): ("␣", "typographic space") for code in range(0x2000, 0x200B)},
    "\u200b": ("∅", "zero-width space"),
    "\u200c": ("∅", "zero-width non-joiner"),
    "\u200d": ("∅", "zero-width joiner"),
    "\u200e": ("⇄", BIDI),
    "\u200f": ("⇄", BIDI),
    "\u2028": ("¶", "line separator"),
    "\u2029": ("¶", "paragraph separator"),
    **{chr(code): ("⇄", BIDI) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
    "\u202f": ("⍽", "narrow non-breaking space"),
    "\u2060": ("∅", "word joiner"),
    "\u3000": ("␣", "ideographic space"),
    "\ufeff": ("∅", "byte order mark"),
    **{chr(code): ("∅", "hidden tag character") for code in range(0xE0000, 0xE0080)},
}
_PICTURE = "[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
_ALWAYS = "".join(re.escape(character) for character in NAMES if character != " ")
_FOUND = re.compile(
    rf"(?P<picture>{_PICTURE}(?:\u200d{_PICTURE})+|\U0001f3f4[\U000e0020-\U000e007f]+)"  # whose joiners belong there
    rf"|(?P<kind>[{_ALWAYS}])(?P=kind)*|(?<=[^\s]) {{2,}}| (?=\n)"
)
_BLANK = re.compile(r"(?P<picture>(?!))|(\s)\2*")


@register.filter
def visible_whole(text: str) -> SafeString:
    """The same for a text that is wholly new or gone."""
    return visible(text, wholly=True)


@register.filter
def visible(text: str, *, wholly: bool = False) -> SafeString:
    """The text, escaped, with marks beside what can't be seen; a copy of it holds the same characters and no marks.

    In a text that is `wholly` new or gone its line breaks say nothing, and stay without a mark.
    """
    parts: list[str] = []
    at = 0
    for found in islice((_FOUND if text.strip() else _BLANK).finditer(text), MOST):
        if not found["picture"] and not (wholly and found[0][0] == "\n"):
            parts += [text[at : found.start()], _mark(found[0])]
            at = found.end()
    return format_html_join("", "{}", ((part,) for part in [*parts, text[at:]] if part))


def _mark(run: str) -> SafeString:
    """A run of one character, behind its mark and its name."""
    sign, name = NAMES.get(run[0], ("␣", "space"))
    many = len(run) > FEW
    shape = " many" if many else ""
    drawn = f"{sign}×{len(run):,}" if many else sign * len(run)  # noqa: RUF001
    name = name if len(run) == 1 else f"{len(run):,} {name}s"
    return format_html(
        '<span class="invisible{}" data-mark="{}" title="{}"><span class="unseen">({})</span>{}</span>',
        shape,
        drawn,
        name,
        name,
        run,
    )
