"""The colours of roles, for every printer."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TINTS", "Tint", "tint_name"]


class Tint(NamedTuple):
    """The colours of a role: two shades for its tokens and one for its name.

    Text on the shades, and the name on the page, have a contrast of at least 4.5 to 1.

    >>> TINTS["user"].light
    ('#e1f2ff', '#c3e3ff')
    """

    light: tuple[str, str]
    dark: tuple[str, str]
    light_ink: str
    dark_ink: str


# OKLCH colours, with one lightness per column, so that no role stands out.
TINTS: dict[str, Tint] = {
    "system": Tint(("#efeff8", "#dedeed"), ("#34343f", "#474757"), "#52526c", "#c1c1db"),
    "developer": Tint(("#f3ecff", "#e5d8ff"), ("#3a2f4d", "#4f3f6b"), "#60438d", "#ceb6fc"),
    "user": Tint(("#e1f2ff", "#c3e3ff"), ("#1e3751", "#274b70"), "#0e5794", "#92c9ff"),
    "assistant": Tint(("#e0f7e7", "#c2eccf"), ("#1b3e29", "#225537"), "#006836", "#8ed8a8"),
    "tool": Tint(("#ffedda", "#f9dab7"), ("#473013", "#634114"), "#7e4600", "#eeb97b"),
    "other": Tint(("#ffe8eb", "#ffd0d7"), ("#4d292f", "#6b3740"), "#8a3346", "#fda9b5"),
    "frame": Tint(("#eff0f3", "#dde0e4"), ("#333539", "#46494e"), "#51565d", "#c0c4cc"),
}
"""``frame`` is for text that the format writes; ``other`` for any role not listed."""


def tint_name(role: str | None) -> str:
    """The key of a role in `TINTS`.

    >>> tint_name("user"), tint_name("cook"), tint_name(None)
    ('user', 'other', 'frame')
    """
    if role is None:
        return "frame"
    return role if role in TINTS and role != "frame" else "other"
