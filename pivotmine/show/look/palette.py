"""Colours of pages and charts: one for each thing, the same wherever the thing is shown.

Charts name colours as custom properties of CSS (`var(--blue)`), so one drawing serves the light
and the dark theme. `THEMES` has their values. Hues are those of Okabe and Ito (2008), which readers
with any colour vision can tell apart; a hue that is too pale for a theme's ground is darkened.
Contrast is that of WCAG 2.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from zlib import crc32

OKABE_ITO = MappingProxyType(
    {
        "blue": "#0072B2",
        "vermillion": "#D55E00",
        "green": "#009E73",
        "purple": "#CC79A7",
        "orange": "#E69F00",
        "sky": "#56B4E9",
        "yellow": "#F0E442",
        "black": "#000000",
    }
)

MARK_CONTRAST, TEXT_CONTRAST = 3.0, 4.5
"""Least contrast to the ground: of what is drawn (WCAG 1.4.11), and of text (1.4.3)."""

INK, SOFT, RULE, GROUND, SHADE = (
    f"var(--{name})" for name in ("ink", "soft", "rule", "ground", "shade")
)

N_RAMP = 9
"""Steps of the ramp that shows amounts as colours."""

_KNOWN = {
    **dict(zip(("en", "fr", "zh", "ja", "de", "es", "ru"), OKABE_ITO, strict=False)),
    **{"ko": "black", "ar": "orange", "it": "green", "pt": "purple", "pl": "sky", "vi": "yellow"},
    **{"source": "black", "target": "blue", "pivot": "vermillion", "controls": "green"},
    **{"direct": "blue", "links": "blue", "prevails": "vermillion", "random": "black"},
    **{"he2025": "purple", "translation": "green", "distinct_links": "sky", "parallel": "orange"},
    **{"entropy": "yellow", "matched": "vermillion", "count": "black", "npmi": "green"},
    **{"g2": "sky", "dice": "yellow"},
    **{"cooccurrence": "blue", "pivot_path": "vermillion", "pmi": "orange"},
    **{"source_frequency": "black", "target_frequency": "green"},
}
"""Name of a frequent thing -> its colour. All other names get theirs from their letters."""

_GREY = frozenset({"others", "other", "none", "idle", "unknown", "und"})
"""Names of what is left over."""


def _channels(colour: str) -> list[float]:
    return [value / 255 for value in bytes.fromhex(colour[1:])]


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` by WCAG 2.2, 0 (black) to 1 (white)."""
    linear = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in _channels(colour)
    )
    return sum(part * value for part, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours by WCAG 2.2, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mix(one: str, other: str, part: float) -> str:
    """The colour at `part` (0 to 1) of the way from one to the other."""
    channels = zip(_channels(one), _channels(other), strict=True)
    return "#{:02x}{:02x}{:02x}".format(*(round(255 * (a + (b - a) * part)) for a, b in channels))


def over(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour; the contrast is 4.58 or more."""
    return max("#000000", "#ffffff", key=lambda text: contrast(text, colour))


def _theme(ground: str, ink: str, ramp: tuple[str, str], **named: str) -> Mapping[str, str]:
    found = {"ground": ground, "ink": ink, **named}
    for name, colour in OKABE_ITO.items():
        steps = (mix(colour, ink, part / 50) for part in range(51))
        shown = next(step for step in steps if contrast(step, ground) >= MARK_CONTRAST)
        if name == "black":
            shown = ink  # black on a dark ground would be grey
        found[name] = shown.lower()
        found[f"{name}-2"] = mix(shown, ground if name == "black" else ink, 0.45)
    for step in range(N_RAMP):
        found[f"ramp-{step}"] = mix(*ramp, step / (N_RAMP - 1))
    coloured = [*OKABE_ITO, *(f"{name}-2" for name in OKABE_ITO), "grey"]
    coloured += [f"ramp-{step}" for step in range(N_RAMP)]
    return MappingProxyType(found | {f"on-{name}": over(found[name]) for name in coloured})


THEMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "light": _theme(
            "#ffffff", "#1a1b1e", ("#e9f2f9", "#064a7a"),
            soft="#55585f", rule="#d5d8de", shade="#f3f5f8", mark="#0063a0", grey="#8a8d94",
            good="#0b6b3a", bad="#b3261e",
        ),
        "dark": _theme(
            "#14161a", "#eceef2", ("#1f2d38", "#9ad2f5"),
            soft="#a9aeb8", rule="#373c45", shade="#1e2127", mark="#72bdf0", grey="#8a8d94",
            good="#63d297", bad="#ff8a80",
        ),
    }
)  # fmt: skip
"""Theme -> custom property -> colour."""


def css() -> str:
    """The custom properties as CSS, for both themes; the reader's system chooses one."""
    light, dark = THEMES["light"], THEMES["dark"]
    lines = (f"--{name}: light-dark({light[name]}, {dark[name]});" for name in light)
    return ":root { color-scheme: light dark; " + " ".join(lines) + " }\n"


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, as `var(--name)`; names keep their order.

    The colour follows from the name: `_KNOWN`, or a checksum of its letters. Where two names of
    the same call want one colour, the one that is later in the alphabet takes the next free colour.
    So give all names that belong together (the arms of a lake), also where few of them are drawn.
    From the ninth name on, darker hues follow; from the seventeenth on, colours repeat.
    """
    named = list(dict.fromkeys(names))
    free = [*OKABE_ITO, *(f"{name}-2" for name in OKABE_ITO)]
    taken: dict[str, str] = {}
    for name in sorted(named, key=lambda name: (name not in _KNOWN, name)):
        if name in _GREY:
            taken[name] = "grey"
            continue
        hues = list(OKABE_ITO)
        start = hues.index(_KNOWN[name]) if name in _KNOWN else crc32(name.encode()) % len(hues)
        wanted = [*hues[start:], *hues[:start]]
        wanted += [f"{hue}-2" for hue in wanted]
        taken[name] = next((hue for hue in wanted if hue in free), wanted[0])
        free = [hue for hue in free if hue != taken[name]]
    return {name: f"var(--{taken[name]})" for name in named}


def is_second(colour: str) -> bool:
    """Whether a colour is a darker shade of a hue that something else may have."""
    return colour.endswith("-2)")


def on(colour: str) -> str:
    """The colour of text on a coloured ground."""
    return colour.replace("var(--", "var(--on-", 1)


def ramp(share: float) -> str:
    """The colour of a share from 0 to 1."""
    return f"var(--ramp-{min(max(int(share * N_RAMP), 0), N_RAMP - 1)})"


def resolved(text: str, theme: str) -> str:
    """Text in which custom properties are replaced by the colours of a theme."""
    values: Sequence[tuple[str, str]] = list(THEMES[theme].items())
    for name, colour in values:
        text = text.replace(f"var(--{name})", colour)
    return text
