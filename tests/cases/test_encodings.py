"""Character sets: labels of the web, and bytes that contradict them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.sources.encodings import codec_names, decode
from pivotmine.sources.html import html_to_text

Read = Callable[..., Any]

# Label, the codec that writes what browsers read under it, and text with a character that the
# Python codec of the label's name cannot decode.
BEYOND = [
    ("gb2312", "gb18030", "这是一个镕字和㐀字的页面，价格是€五。"),
    ("GBK", "gb18030", "这是一个㐀字的页面，欧元是€，还有更多的字。"),
    ("shift_jis", "cp932", "①番目の髙橋さんは㈱の社員でした。毎朝、新聞を売る。"),
    ("x-sjis", "cp932", "毎朝、東京の駅前で①番の新聞を売る老人がいました。"),
    ("euc-kr", "cp949", "똠방각하는 펲시콜라를 마시고 있었다. 그는 노래했다."),
    ("ks_c_5601-1987", "cp949", "똠방각하는 펲시콜라를 마시고 있었다."),
    ("big5", "big5hkscs", "佢哋喺香港食嘢，啲嘢好好食，我哋都鍾意。"),
    ("euc-jp", "euc_jis_2004", "①番目の人は毎朝、東京の駅前で新聞を売る老人でした。"),
    ("iso-2022-jp", "iso2022_jp", "毎朝、東京の駅前で新聞を売る老人がいました。"),
    ("iso-8859-1", "cp1252", "It’s a “quoted” word — 5 € in all."),
    ("latin1", "cp1252", "L’été œuvre à Paris…"),
    ("us-ascii", "cp1252", "L’été à Paris…"),
    ("iso-8859-9", "cp1254", "İstanbul’da “yağmur” yağıyor…"),
    ("tis-620", "cp874", "ฝนตกที่กรุงเทพ “ทุกวัน” — จริง ๆ…"),
    ("iso-8859-11", "cp874", "แมวนอนหลับ “อยู่” ในบ้าน…"),
    ("windows-1251", "cp1251", "Дождь идёт — «каждый» день…"),
    ("koi8-u", "koi8-u", "Їжак їсть ґрунт і нічого більше."),
    ("iso-8859-8-i", "iso8859-8", "החתול ישן בבית"),
]


@pytest.mark.parametrize(("label", "codec", "text"), BEYOND)
@pytest.mark.parametrize("where", ["header", "meta", "http-equiv", "xml", "text", "catalogue"])
def test_a_label_means_what_browsers_read_under_it(
    label: str, codec: str, text: str, where: str, tmp_path: Path, read: Read
):
    if where == "header":
        assert html_to_text(f"<p>{text}".encode(codec), label).text == text
    elif where == "text":
        assert decode(text.encode(codec), [label]) == (text, "")
    elif where == "catalogue":
        path = tmp_path / "a.po"
        message = text.replace('"', "'")
        header = f'msgid ""\nmsgstr "Content-Type: text/plain; charset={label}\\n"\n\n'
        path.write_bytes(f'{header}msgid "Message"\nmsgstr "{message}"\n'.encode(codec))
        assert read(path).texts == [f"Message\n{message}"]
    else:
        declaration = {
            "meta": f"<html><head><meta charset={label}>",
            "http-equiv": f'<meta http-equiv="Content-Type" content="text/html; charset={label}">',
            "xml": f"<?xml version='1.0' encoding='{label}'?><html>",
        }[where]
        path = tmp_path / "a.html"
        path.write_bytes(f"{declaration}<body><p>{text}</p>".encode(codec))
        assert read(path).texts == [text]


@pytest.mark.parametrize("label", ["gb2312", "shift_jis", "iso-8859-1", "windows-1251", "utf-16"])
@pytest.mark.parametrize("text", ["日本語の猫と犬", "Été à la mer", "Дождь", "ฝนตก", "猫"])
def test_bytes_that_are_utf8_overrule_any_label(label: str, text: str):
    page = f"<html><head><meta charset={label}></head><body><p>{text}</p>".encode()
    assert html_to_text(page).text == text
    assert html_to_text(page, label).text == text


@pytest.mark.parametrize("codec", ["cp1251", "euc_jp", "gb18030", "big5"])
def test_bytes_that_are_not_utf8_overrule_that_label(codec: str):
    text = {
        "cp1251": "Дождь идёт каждый день, и кошка спит дома у окна. Собака лает во дворе.",
        "euc_jp": "毎朝、東京の駅前で新聞を売る老人がいました。子どもたちはその老人が好きでした。",
        "gb18030": "每天早上，一位老人在车站前卖报纸。孩子们都很喜欢这位老人，常常和他说话。",
        "big5": "每天早上，一位老人在車站前賣報紙。孩子們都很喜歡這位老人，常常和他說話。",
    }[codec]
    assert html_to_text(f"<p>{text}</p>".encode(codec), "utf-8").text == text


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides_in_pages_and_in_plain_text(
    codec: str, tmp_path: Path, read: Read
):
    text = "Le chat dort. 猫が寝る。"
    (tmp_path / "a.txt").write_bytes(text.encode(codec))
    (tmp_path / "a.html").write_bytes(f"<meta charset=koi8-r><p>{text}".encode(codec))
    assert read(tmp_path / "a.txt").texts == [text]
    assert read(tmp_path / "a.html").texts == [text]


def test_utf16_without_a_mark_is_read_by_its_label_or_its_tags():
    page = "<html><body><p>The cat sleeps. 猫</p></body></html>"
    for codec in ("utf-16-le", "utf-16-be"):
        assert html_to_text(page.encode(codec), codec).text == "The cat sleeps. 猫"
        for wrong in (None, "utf-8", "iso-8859-1", "gbk"):
            assert html_to_text(page.encode(codec), wrong).text == "The cat sleeps. 猫"
            english = page.replace("猫", "").encode(codec)
            assert html_to_text(english, wrong).text == "The cat sleeps."


def test_a_page_with_bad_bytes_in_its_text_is_refused_and_one_with_them_elsewhere_is_not(
    tmp_path: Path, read: Read
):
    good = "日本語の猫と犬がいました。" * 5
    path = tmp_path / "a.html"
    path.write_bytes(f"<meta charset=utf-8><p>{good}".encode() + b"\xe7\x20\xff</p>")
    (reject,) = read(path).rejects
    assert reject["reason"] == "undecodable_bytes"
    assert "0xe7" in reject["detail"]
    path.write_bytes(b"<meta charset=utf-8><!-- \xff -->" + f"<p>{good}</p>".encode())
    assert read(path).texts == [good]
    path.write_text("<p>U+FFFD itself: \ufffd")
    assert read(path).texts == ["U+FFFD itself: \ufffd"]


def test_a_page_that_is_cut_inside_a_character_loses_that_character_alone():
    good = "日本語の猫と犬がいました。"
    for codec in ("utf-8", "gb18030", "cp932"):
        page = f"<meta charset={codec}><p>{good}猫".encode(codec)[:-1]
        assert html_to_text(page).text == good


@given(st.text(min_size=1), st.sampled_from(["gbk", "shift_jis", "iso-8859-1", "none", "", None]))
def test_no_character_is_lost_unsaid(text: str, label: str | None):
    for codec in ("utf-8", "gb18030"):
        data = text.encode(codec, "ignore")
        found = decode(data, [label])
        assert found.lost or "\ufffd" not in found.text or "\ufffd" in text or label == "iso-8859-1"


@given(st.binary(max_size=60), st.text(max_size=12) | st.sampled_from(["gbk", "utf-7", "cp037"]))
def test_any_bytes_and_any_label_give_characters(data: bytes, label: str):
    found = decode(data, [label])
    assert bool(found.lost) == bool(found.lost and "\ufffd" in found.text)


def test_labels_that_name_no_encoding_are_passed_over():
    for label in ("CHARSET", "", None, "hex", "utf-7", "unicode_escape", "x\0y", "replacement"):
        assert codec_names(label) == (), label
    assert codec_names(' "GB2312" ') == ("gb18030",)


@pytest.mark.parametrize("charset", ["CHARSET", "UTF-8", "ISO-8859-1", ""])
def test_escaped_bytes_of_a_catalogue_are_bytes_of_its_character_set(
    charset: str, tmp_path: Path, read: Read
):
    header = f'msgid ""\nmsgstr "Content-Type: text/plain; charset={charset}\\n"\n\n'
    octal = r'"caf\303\251 \\303 \"x\""'
    if charset == "ISO-8859-1":
        octal = r'"caf\351 \\303 \"x\""'
    (tmp_path / "a.po").write_text(f'{header}msgid "coffee\\x21"\nmsgstr {octal}\n')
    assert read(tmp_path / "a.po").texts == ['coffee!\ncafé \\303 "x"']
