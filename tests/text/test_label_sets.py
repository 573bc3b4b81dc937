"""One set of labels a model: what a label means depends on the others."""

from __future__ import annotations

from pivotmine.text.codes import UNDETERMINED
from pivotmine.text.fasttext_model import load_model
from pivotmine.text.label_sets import languages_by_script
from pivotmine.text.language import load_identifier
from pivotmine.text.scripts import SCRIPTS

LATIN, CYRILLIC, DEVANAGARI = map(SCRIPTS.index, ("Latin", "Cyrillic", "Devanagari"))
ISO_639_3 = ["als_Latn", "sqi_Latn", "hin_Latn", "hin_Deva", "srp_Cyrl", "zxx_Zxxx", "kab_Latn"]


def test_als_is_alemannic_in_lid_176_and_albanian_in_iso_639_3() -> None:
    labels = load_model().labels
    found = languages_by_script(labels)[LATIN]
    assert found[labels.index("__label__als")] == "gsw"
    assert found[labels.index("__label__sq")] == "sq"
    assert languages_by_script([f"__label__{name}" for name in ISO_639_3])[LATIN][:2] == ["sq"] * 2


def test_serbo_croatian_is_what_script_and_recipe_say() -> None:
    labels = ["sh", "sr", "hr", "en"]
    assert languages_by_script(labels)[CYRILLIC][0] == "sr"
    assert languages_by_script(labels)[LATIN][0] == "hr"
    assert languages_by_script(labels, ["en", "sr"])[LATIN][0] == "sr"
    assert languages_by_script(labels, ["sr", "hr"])[LATIN][0] == "hr"
    assert languages_by_script(labels, ["hr"])[CYRILLIC][0] == "sr"


def test_the_script_of_a_label_is_kept() -> None:
    by_script = languages_by_script(ISO_639_3)
    assert by_script[LATIN][2:4] == ["hi", None]
    assert by_script[DEVANAGARI][2:4] == [None, "hi"]
    assert by_script[CYRILLIC][4] == "sr"
    assert by_script[LATIN][4:] == [None, UNDETERMINED, "kab_Latn"]


def test_alemannic_pages_are_not_albanian() -> None:
    texts = [
        "D Chile uf em Bärg isch scho alt, und si het e schöni Gloggä, wo mer wiit ghört.",
        "Im Summer isch s Wasser vom See warm, und d Lüüt göhnd go schwümme.",
        "Fëmijët shkuan në shkollë herët në mëngjes, sepse binte shi i fortë.",
    ]
    named = [language for language, _ in load_identifier().identify_documents(texts)]
    assert named == ["gsw", "gsw", "sq"]
    found = load_identifier().identify_segments([texts], ["gsw"], ["gsw", "sq"])
    assert found == [["gsw", "gsw", "sq"]]
