"""Language codes: what a fastText label means here, and which scripts a language is written in.

Recipes, tables and tests use ISO 639-1 where it has a code. So does lid.176. GlotLID and OpenLID
use ISO 639-3 with a script, which is translated. A language without a two-letter code keeps its
label. A language in no list of scripts counts as written in Latin letters, as most are.
"""

from functools import lru_cache

import langcodes

from pivotmine.text.language_code import MEMBERS
from pivotmine.text.scripts import LATIN, SCRIPTS

UNDETERMINED = "und"


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CODES_OF_SCRIPT = {
    "Han": ("zh", "ja"),
    "Kana": ("ja",),
    "Hangul": ("ko",),
    "Cyrillic": _codes(
        """
        ru uk be bg mk sr kk ky mn tg tt ba cv ce os av kv mhr mrj myv krc lez sah tyv xal rue bxr
        az uz tk cu ab
        """
    ),
    "Greek": ("el",),
    "Arabic": _codes("ar arz fa ur ps ckb ku ug sd pnb azb mzn ks"),
    "Hebrew": ("he", "yi"),
    "Thai": ("th",),
    "Devanagari": _codes("hi mr ne sa bh mai gom new dty ks sd"),
    "other": _codes(
        "hy xmf ka am ti bn as bpy gu pa or ta te kn ml si my km lo bo dz dv iu chr ii"
    ),
}
_LATIN_TOO = frozenset(_codes("sr ku uz az tk kk tt ks cr oj"))
_NOT_LATIN = frozenset(code for codes in _CODES_OF_SCRIPT.values() for code in codes) - _LATIN_TOO


@lru_cache(maxsize=4096)
def normalise_label(label: str) -> str:
    """Language code of a fastText label: `__label__fra_Latn` is `fr`, `__label__zh-hant` and
    `__label__yue` are `zh`.

    A language without a two-letter code keeps the label's own name (`kab_Latn`).
    """
    name = label.removeprefix("__label__")
    code = name.replace("-", "_").partition("_")[0]
    if len(code) != 2:
        code = MEMBERS.get(code) or langcodes.standardize_tag(code)
    return code if len(code) == 2 else name


def writes(language: str, script: int) -> bool:
    """Whether a language (a code or a label like `kab_Latn`) is written in `SCRIPTS[script]`."""
    suffix = language.partition("_")[2]
    if suffix:
        return (suffix == "Latn") == (script == LATIN)
    if script == LATIN:
        return language not in _NOT_LATIN
    return language in _CODES_OF_SCRIPT.get(SCRIPTS[script], ())
