"""How a language is named in recipes, tables, lexicons and questions.

People write ISO 639-1, 639-2 and 639-3, tags of BCP 47 and labels of language models. All of them
become one code: ISO 639-1 where it has one, otherwise ISO 639-3, or the label of the language model
(`kab_Latn`). langcodes knows which names are the same.
"""

import re
from functools import lru_cache

LANGUAGE_CODE = r"[a-z]{2,3}(?:_[A-Z][a-z]{3})?"
"""ISO 639-1 where it has a code, otherwise the label of the language model, such as `kab_Latn`."""

LANGUAGE_NAME = r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Z]{2}|[0-9]{3}))?"
"""What `language_code` takes: `fra`, `zh-CN`, `zh_Hans`, `eng_Latn`; regions are in capitals."""

MEMBERS = dict(
    pair.split(":")
    for pair in """
        als:sq arb:ar azj:az cmn:zh ekk:et fil:tl khk:mn kmr:ku lvs:lv nb:no nob:no npi:ne ory:or
        pbt:ps pes:fa plt:mg swh:sw tgl:tl uzn:uz wuu:zh ydd:yi yue:zh zsm:ms
        """.split()
)
"""Members of macrolanguages that texts on the web are normally written in. They get the code of
the macrolanguage; other members, such as `arz`, keep their own."""

ISO_639_1 = frozenset(
    """
        aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr
        cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu
        gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk
        kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms
        mt my na nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru
        rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn
        to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    """.split()
)
"""Codes that need no other form. Looking one up takes no time, while langcodes loads in 0.2 s."""

ENGLISH_NAMES = dict(
    pair.split(":")
    for pair in """
        afrikaans:af arabic:ar bengali:bn bulgarian:bg catalan:ca chinese:zh mandarin:zh croatian:hr
        czech:cs danish:da dutch:nl english:en estonian:et finnish:fi french:fr german:de greek:el
        hebrew:he hindi:hi hungarian:hu icelandic:is indonesian:id irish:ga italian:it japanese:ja
        korean:ko latin:la latvian:lv lithuanian:lt malay:ms norwegian:no persian:fa farsi:fa
        polish:pl portuguese:pt romanian:ro russian:ru serbian:sr slovak:sk slovenian:sl spanish:es
        swahili:sw swedish:sv tamil:ta telugu:te thai:th turkish:tr ukrainian:uk urdu:ur
        vietnamese:vi welsh:cy
        """.split()
)
"""Names that people write for codes; they are told the code."""

_SEVERAL = {"sh": "sr, hr or bs", "hbs": "sr, hr or bs"}
_NO_LANGUAGE = frozenset(("und", "mis", "mul", "zxx"))
_NAME = re.compile(LANGUAGE_NAME)
_PAIR = re.compile(rf"({LANGUAGE_NAME})([->])({LANGUAGE_NAME})")


@lru_cache(maxsize=4096)
def language_code(name: str) -> str:
    """The code of a language, by any of its usual names.

    Raises
    ------
    ValueError
        It names no language; the message says what to write.
    """
    if _NAME.fullmatch(name.strip()) is None:
        if code := ENGLISH_NAMES.get(name.strip().lower()):
            raise ValueError(f"is no code of a language; did you mean {code}?")
        raise ValueError(
            "is no code of a language; give ISO 639 or BCP 47, such as fr, fra or zh-Hans"
        )
    subtags = name.strip().replace("_", "-").split("-")
    given = subtags[0].lower()
    if given in _SEVERAL:
        raise ValueError(f"stands for several languages here; give {_SEVERAL[given]}")
    if given in MEMBERS:
        return MEMBERS[given]
    if given in ISO_639_1:
        return given
    import langcodes

    language = langcodes.Language.get(given)
    code = MEMBERS.get(language.language or "", language.language or "")
    # Models have labels of three letters that ISO 639 has withdrawn; they are checked by the model.
    if given in _NO_LANGUAGE or (len(code) == 2 and not language.is_valid()):
        near = langcodes.Language.make(territory=given.upper()).maximize().language
        hint = f"; did you mean {near}?" if near and near != "en" else ""
        raise ValueError(f"is no language of ISO 639{hint}")
    script = subtags[1].title() if len(subtags) > 1 and len(subtags[1]) == 4 else ""
    return f"{code}_{script}" if script and len(code) == 3 else code


def asked_code(name: str) -> str:
    """`language_code` of a name in a question; other text is returned as it is."""
    try:
        return language_code(name)
    except ValueError:
        return name


def language_pair(name: str) -> str:
    """A pair `en-fr` or a direction `en>fr` in codes; other text is returned as it is."""
    found = _PAIR.fullmatch(name)
    if found is None:
        return name
    return asked_code(found[1]) + found[2] + asked_code(found[3])
