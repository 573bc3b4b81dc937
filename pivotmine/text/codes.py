"""Language codes: what a fastText label means here, and which scripts a language is written in.

Recipes, tables and tests speak ISO 639-1 where it has a code. lid.176 does so already; GlotLID and
OpenLID speak ISO 639-3 with a script, so their labels go through one explicit table. A language
that is in no table keeps its label and counts as written in Latin letters, which is true of most.
"""

from functools import lru_cache

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
        az uz tk cu
        """
    ),
    "Greek": ("el",),
    "Arabic": _codes("ar arz fa ur ps ckb ku ug sd pnb azb mzn ks"),
    "Hebrew": ("he", "yi"),
    "Thai": ("th",),
    "Devanagari": _codes("hi mr ne sa bh mai gom new dty ks sd"),
    "other": _codes("hy xmf ka am ti bn as bpy gu pa or ta te kn ml si my km lo bo dz dv iu chr"),
}
_LATIN_TOO = frozenset(_codes("sr ku uz az tk kk tt ks"))
_NOT_LATIN = frozenset(code for codes in _CODES_OF_SCRIPT.values() for code in codes) - _LATIN_TOO

# Labels of GlotLID and OpenLID that have a two-letter code, with the macrolanguage for the member
# that text on the web is normally written in; the written forms of Chinese count as zh.
_TWO_LETTER = dict(
    pair.split(":")
    for pair in _codes(
        """
        afr:af amh:am ara:ar arb:ar asm:as aze:az azj:az bak:ba bel:be ben:bn bod:bo bos:bs
        bre:br bul:bg cat:ca ces:cs cmn:zh zho:zh yue:zh wuu:zh chv:cv cym:cy dan:da deu:de
        div:dv ell:el eng:en epo:eo est:et ekk:et eus:eu fao:fo fas:fa pes:fa fin:fi fra:fr
        fry:fy gla:gd gle:ga glg:gl guj:gu hat:ht hau:ha heb:he hin:hi hrv:hr hun:hu hye:hy
        ibo:ig ind:id isl:is ita:it jav:jv jpn:ja kan:kn kat:ka kaz:kk khm:km kin:rw kir:ky
        kor:ko kur:ku kmr:ku lao:lo lat:la lav:lv lvs:lv lim:li lit:lt ltz:lb mal:ml mar:mr
        mkd:mk mlg:mg plt:mg mlt:mt mon:mn khk:mn mri:mi msa:ms zsm:ms mya:my nep:ne npi:ne
        nld:nl nno:nn nob:no nor:no oci:oc ori:or ory:or pan:pa pol:pl por:pt pus:ps pbt:ps
        roh:rm ron:ro rus:ru san:sa sin:si slk:sk slv:sl sna:sn snd:sd som:so spa:es sqi:sq
        als:sq srp:sr sun:su swa:sw swh:sw swe:sv tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th
        tir:ti tuk:tk tur:tr uig:ug ukr:uk urd:ur uzb:uz uzn:uz vie:vi xho:xh yid:yi ydd:yi
        yor:yo zul:zu
        """
    )
)


@lru_cache(maxsize=4096)
def normalise_label(label: str) -> str:
    """Language code of a fastText label: `__label__fra_Latn` is `fr`, `__label__zh-hant` and
    `__label__yue` are `zh`.

    A language without a two-letter code keeps the label's own name (`kab_Latn`).
    """
    name = label.removeprefix("__label__")
    code = name.replace("-", "_").partition("_")[0]
    return code if len(code) == 2 else _TWO_LETTER.get(code, name)


def writes(language: str, script: int) -> bool:
    """Whether a language (a code or a label like `kab_Latn`) is written in `SCRIPTS[script]`."""
    suffix = language.partition("_")[2]
    if suffix:
        return (suffix == "Latn") == (script == LATIN)
    if script == LATIN:
        return language not in _NOT_LATIN
    return language in _CODES_OF_SCRIPT.get(SCRIPTS[script], ())
