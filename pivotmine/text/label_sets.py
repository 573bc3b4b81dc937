"""What the labels of a language model mean. The same label means other things in other models.

| labels | models | meaning |
|---|---|---|
| `als` | lid.176 | Alemannic (gsw), as in the addresses of Wikipedia, where its texts are from |
| `als_Latn` | GlotLID, OpenLID | Tosk Albanian (sq), as in ISO 639-3 |
| `sh` | lid.176 | Serbian in Cyrillic letters; in Latin ones see below |
| `hin_Latn` | GlotLID | Hindi, and only in Latin letters: a label keeps its script |
| `zxx_Zxxx`, `und_Zyyy` | OpenLID, GlotLID | no language |

`sh` in Latin letters is Croatian, Serbian or Bosnian: the first of these that the recipe names, and
Croatian if it names none.

All other labels mean what `codes.normalise_label` says. Models whose labels mostly have two letters
are taken for relatives of lid.176; the others have labels of ISO 639-3 and a script.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pivotmine.text.codes import UNDETERMINED, normalise_label, writes
from pivotmine.text.scripts import LATIN, SCRIPTS

_ALEMANNIC = "gsw"
_SERBO_CROATIAN = ("hr", "sr", "bs")
_NO_LANGUAGE = ("und", "mis", "mul", "zxx")
_SCRIPTS_OF_SUFFIX = {
    "Latn": ("Latin",),
    "Hani": ("Han",),
    "Hans": ("Han",),
    "Hant": ("Han",),
    "Jpan": ("Han", "Kana"),
    "Hira": ("Kana",),
    "Kana": ("Kana",),
    "Kore": ("Hangul",),
    "Hang": ("Hangul",),
    "Cyrl": ("Cyrillic",),
    "Grek": ("Greek",),
    "Arab": ("Arabic",),
    "Hebr": ("Hebrew",),
    "Thai": ("Thai",),
    "Deva": ("Devanagari",),
}
_SCRIPT_SUFFIX_LETTERS = 4


def languages_by_script(
    labels: Sequence[str], recipe: Sequence[str] = ()
) -> list[list[str | None]]:
    """For each script of `SCRIPTS`, the language of each label in a text of that script.

    None stands for a label that is of other scripts.

    Parameters
    ----------
    labels
        All labels of a model, as it has them.
    recipe
        Languages that labels of several languages are decided by.
    """
    names = [label.removeprefix("__label__") for label in labels]
    n_short = sum(len(name.replace("-", "_").partition("_")[0]) == 2 for name in names)
    meaning = _of_lid_176(recipe) if 2 * n_short > len(names) else _of_iso_639_3
    return [[meaning(name, script) for name in names] for script in range(len(SCRIPTS))]


def _of_lid_176(recipe: Sequence[str]) -> Callable[[str, int], str | None]:
    in_latin = next((code for code in _SERBO_CROATIAN if code in recipe), _SERBO_CROATIAN[0])

    def meaning(name: str, script: int) -> str | None:
        if name == "sh":
            code = in_latin if script == LATIN else "sr"
        else:
            code = _ALEMANNIC if name == "als" else normalise_label(name)
        return code if writes(code, script) else None

    return meaning


def _of_iso_639_3(name: str, script: int) -> str | None:
    code, _, suffix = name.partition("_")
    if code in _NO_LANGUAGE:
        return UNDETERMINED
    language = normalise_label(name)
    if len(suffix) != _SCRIPT_SUFFIX_LETTERS:
        return language if writes(language, script) else None
    return language if SCRIPTS[script] in _SCRIPTS_OF_SUFFIX.get(suffix, ("other",)) else None
