"""A language is kept by its evidence: noise has none, and a mixed page is named by its parts."""

from __future__ import annotations

import base64
import random
from hashlib import sha256
from pathlib import Path

import pytest

from pivotmine.text.codes import UNDETERMINED
from pivotmine.text.language import load_identifier
from pivotmine.text.segments import split_segments
from tests.text.fasttext_files import word_model

ENGLISH = [
    "The library is closed on Sunday, but you can return books at the door.",
    "Nobody knew how long the bridge would hold under so much snow.",
    "Please write your name and address at the top of the form.",
    "We walked along the river until it was too dark to see the path.",
    "The price of bread has not changed since last winter.",
]
OTHERS = {
    "ar": [
        "أغلقت المكتبة أبوابها يوم الجمعة، ويمكنكم إعادة الكتب عند المدخل.",
        "لم يعرف أحد كم من الوقت سيصمد الجسر تحت هذا الثلج الكثير.",
        "يرجى كتابة الاسم والعنوان في أعلى الصفحة.",
        "مشينا على طول النهر حتى حل الظلام ولم نعد نرى الطريق.",
        "لم يتغير سعر الخبز منذ الشتاء الماضي.",
    ],
    "hi": [
        "पुस्तकालय रविवार को बंद रहता है, लेकिन आप दरवाज़े पर किताबें लौटा सकते हैं।",
        "किसी को नहीं पता था कि इतनी बर्फ़ में पुल कब तक टिकेगा।",
        "कृपया फ़ॉर्म के ऊपर अपना नाम और पता लिखें।",
        "हम नदी के किनारे तब तक चले जब तक अँधेरा नहीं हो गया।",
        "पिछली सर्दियों से रोटी की कीमत नहीं बदली है।",
    ],
    "el": [
        "Η βιβλιοθήκη είναι κλειστή την Κυριακή, αλλά μπορείτε να επιστρέψετε βιβλία.",
        "Κανείς δεν ήξερε πόσο θα άντεχε η γέφυρα κάτω από τόσο χιόνι.",
        "Παρακαλούμε γράψτε το όνομα και τη διεύθυνσή σας στην αρχή της σελίδας.",
        "Περπατήσαμε δίπλα στο ποτάμι μέχρι που νύχτωσε.",
        "Η τιμή του ψωμιού δεν έχει αλλάξει από τον περασμένο χειμώνα.",
    ],
    "ru": [
        "Библиотека закрыта в воскресенье, но книги можно вернуть у двери.",
        "Никто не знал, сколько времени мост выдержит столько снега.",
        "Пожалуйста, напишите своё имя и адрес в начале анкеты.",
        "Мы шли вдоль реки, пока не стало слишком темно.",
        "Цена на хлеб не изменилась с прошлой зимы.",
    ],
    "th": [
        "ห้องสมุดปิดวันอาทิตย์ แต่คุณสามารถคืนหนังสือได้ที่ประตู",
        "ไม่มีใครรู้ว่าสะพานจะทนหิมะมากขนาดนี้ได้นานแค่ไหน",
        "กรุณาเขียนชื่อและที่อยู่ของคุณที่ด้านบนของแบบฟอร์ม",
        "เราเดินไปตามแม่น้ำจนมืดเกินกว่าจะมองเห็นทาง",
        "ราคาขนมปังไม่เปลี่ยนแปลงตั้งแต่ฤดูหนาวที่แล้ว",
    ],
    "ko": [
        "도서관은 일요일에 문을 닫지만 문 앞에서 책을 반납할 수 있습니다.",
        "그렇게 많은 눈 아래에서 다리가 얼마나 버틸지 아무도 몰랐다.",
        "양식 맨 위에 이름과 주소를 적어 주세요.",
        "우리는 길이 보이지 않을 때까지 강을 따라 걸었다.",
        "빵값은 지난겨울부터 변하지 않았다.",
    ],
    "zh": [
        "图书馆星期天关门，但是您可以在门口还书。",
        "没有人知道这座桥在这么多雪下面能坚持多久。",
        "请在表格上方写下您的姓名和地址。",
        "我们沿着河边走，直到天黑得看不见路。",
        "面包的价格从去年冬天起就没有变过。",
    ],
    "ja": [
        "図書館は日曜日に閉まりますが、本は入り口で返すことができます。",
        "これほどの雪の下で橋がどれだけ持つのか、誰も知らなかった。",
        "用紙の一番上に名前と住所を書いてください。",
        "道が見えなくなるまで、私たちは川に沿って歩いた。",
        "パンの値段は去年の冬から変わっていません。",
    ],
}
SOURCE_CODE = """
    for (size_t i = 0; i < n_rows; ++i) {
        if (rows[i].key == NULL || !is_valid(rows[i].key)) { continue; }
        total += rows[i].value * weights[i % WEIGHT_MASK];
        memcpy(&buffer[offset], rows[i].data, sizeof(rows[i].data));
    }
    return (total > 0) ? total / (double) n_rows : -1;
"""


def noise(kind: str) -> str:
    rng = random.Random(kind)
    if kind == "base64":
        return base64.encodebytes(rng.randbytes(400)).decode()
    if kind == "base64 of English":
        return base64.encodebytes(" ".join(ENGLISH).encode()).decode()
    if kind == "hexadecimal":
        return "\n".join(rng.randbytes(16).hex(" ", 2) for _ in range(6))
    if kind == "checksums":
        return "\n".join(sha256(rng.randbytes(4)).hexdigest() for _ in range(4))
    if kind == "keyboard mash":
        return " ".join("".join(rng.choices("asdfghjkl", k=rng.randint(5, 9))) for _ in range(30))
    return SOURCE_CODE


@pytest.mark.parametrize(
    "kind",
    ["base64", "base64 of English", "hexadecimal", "checksums", "keyboard mash", "source code"],
)
def test_noise_has_no_language(kind: str) -> None:
    text = noise(kind)
    identifier = load_identifier()
    assert identifier.identify_documents([text]) == [(UNDETERMINED, 0.0)]
    (found,) = identifier.identify_segments(
        [split_segments(text)], [UNDETERMINED], ["en", "fr", "zh", "ja"]
    )
    assert set(found) == {UNDETERMINED}


@pytest.mark.parametrize("other", list(OTHERS))
@pytest.mark.parametrize("n_english", [1, 2, 5, 8, 9])
def test_a_page_of_two_scripts_has_both_languages(other: str, n_english: int) -> None:
    english = [ENGLISH[i % 5] for i in range(n_english)]
    lines = english + [OTHERS[other][i % 5] for i in range(10 - n_english)]
    random.Random(n_english).shuffle(lines)
    text = "\n".join(lines)
    identifier = load_identifier()
    ((document, certainty),) = identifier.identify_documents([text])
    assert document in ("en", other)
    assert certainty > 0.2
    expected = [("en" if line in ENGLISH else other) for line in lines]
    for recipe in (["en", other], ["en", *OTHERS]):
        (found,) = identifier.identify_segments([split_segments(text)], [document], recipe)
        assert dict.fromkeys(found) == dict.fromkeys(expected)


def test_romanised_hindi_is_not_english() -> None:
    text = "Mujhe nahi pata ki woh kahan gaya hai lekin kal subah wapas aayega."
    ((found, _),) = load_identifier().identify_documents([text])
    assert found != "en"


def test_a_model_whose_labels_have_scripts_names_romanised_hindi(tmp_path: Path) -> None:
    path = tmp_path / "labels.bin"
    words = {"mujhe": "hin_Latn", "nahi": "hin_Latn", "मुझे": "hin_Deva", "the": "eng_Latn"}
    path.write_bytes(word_model(words))
    identifier = load_identifier(str(path))
    texts = ["mujhe nahi", "मुझे मुझे", "the the"]
    assert [name for name, _ in identifier.identify_documents(texts)] == ["hi", "hi", "en"]
    assert identifier.identify_segments([texts], ["hi"], ["en", "hi"]) == [["hi", "hi", "en"]]


def test_format_fields_and_markup_do_not_decide_the_language() -> None:
    lines = [
        "Добавить %(site_name)s в {entity_name}\n",
        "На странице <a href='/setup/x.html'>docutils</a> сказано, как настроить программу.\n",
    ]
    (found,) = load_identifier().identify_segments([lines], ["ru"], ["en", "ru"])
    assert found == ["ru", "ru"]


def test_a_block_of_code_on_a_page_of_text_is_no_text() -> None:
    code = split_segments(SOURCE_CODE)
    lines = [f"{line}\n" for line in ENGLISH]
    (found,) = load_identifier().identify_segments(
        [[*lines, *code, *lines]], ["en"], ["en", "fr", "zh", "ja"]
    )
    assert found[:5] == found[-5:] == ["en"] * 5
    assert found[5:-5].count(UNDETERMINED) > len(code) / 2
