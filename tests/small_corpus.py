"""A small corpus in which cats, milk and the like stand beside their translations.

English stands beside French in some documents and beside Japanese in others. French and Japanese
never meet, so whatever joins their words goes through English.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

NOUNS = (
    ("cat", "chat", "猫"),
    ("milk", "lait", "牛乳"),
    ("dog", "chien", "犬"),
    ("house", "maison", "家"),
    ("book", "livre", "本"),
    ("river", "fleuve", "川"),
    ("tree", "arbre", "木"),
    ("bird", "oiseau", "鳥"),
    ("bread", "pain", "パン"),
    ("school", "école", "学校"),
    ("friend", "ami", "友達"),
    ("letter", "lettre", "手紙"),
)

TEMPLATES = (
    (
        "Yesterday I saw the {0} and also the {1}, {n} times.",
        "Hier j'ai vu le {0} et aussi le {1}, {n} fois.",
        "昨日 {0} と {1} を {n} 回見ました。",
    ),
    (
        "My brother wants a {0} but not a {1}, said number {n}.",
        "Mon frère veut un {0} mais pas un {1}, dit le numéro {n}.",
        "弟は {0} が欲しいですが {1} は欲しくないと {n} 番が言いました。",
    ),
    (
        "Where is the {0}? It is behind the {1} of room {n}.",
        "Où est le {0} ? Il est derrière le {1} de la chambre {n}.",
        "{0} はどこですか。部屋 {n} の {1} の後ろにあります。",
    ),
    (
        "She draws a {0} with a {1} for her sister on day {n}.",
        "Elle dessine un {0} avec un {1} pour sa sœur le jour {n}.",
        "彼女は {n} 日に妹のために {0} と {1} を描きます。",
    ),
)

RECIPE = """
languages: [en, fr, ja]
lake:
  warehouse: lake
ingest:
  inputs:
    - uris: [corpus.jsonl]
      source_column: source
tokenize:
  vocab_size: 600
count:
  min_count: 3
terms:
  lexicons: [lexicon.tsv]
link:
  min_folds: 2
score:
  min_repeats: 50
select:
  budget_tokens: 20000
  arms:
    - {name: translation, method: translation}
    - {name: random, method: random}
shard:
  formats: [jsonl]
spark:
  shuffle_partitions: 2
  driver_memory: 1g
"""


def write_small_corpus(folder: Path, n_documents: int = 240, seed: int = 0) -> Path:
    """Write corpus, lexicon and recipe; returns the recipe."""
    draw = random.Random(seed)
    with open(folder / "corpus.jsonl", "w", encoding="utf-8") as stream:
        for number in range(n_documents):
            other = 1 + number % 2
            lines = []
            for _ in range(6):
                one, two = draw.sample(NOUNS, 2)
                template, n = draw.choice(TEMPLATES), draw.randrange(1000)
                for lang in (0, other):
                    lines.append(template[lang].format(one[lang], two[lang], n=n))
            row = {"text": "\n".join(lines), "source": ("", "en-fr", "en-ja")[other]}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    listed = "".join(f"en\t{en}\tfr\t{fr}\n" for en, fr, _ in NOUNS)
    lexicon = folder / "lexicon.tsv"
    lexicon.write_text("lang_a\tword_a\tlang_b\tword_b\n" + listed, encoding="utf-8")
    recipe = folder / "corpus.yaml"
    recipe.write_text(RECIPE, encoding="utf-8")
    return recipe
