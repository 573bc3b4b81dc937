"""Small models with random weights, and tokenizers with the traits that trip scorers up.

The weights are random: they test arithmetic, not language. Real models are in
`test_real_models.py`, which is skipped where their packages are not installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pivotmine.model.words.dataset import Concept, WordSet, word_set


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny matrices: threads would wait for each other longer than they work."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Notes about checksums of tests' shards are not left in the user's cache."""
    from pivotmine.model.shards import stream

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


NOUNS = (
    "dog chien 狗 犬|cat chat 猫 猫|horse cheval 马 馬|milk lait 牛奶 牛乳|bread pain 面包 パン|"
    "cheese fromage 奶酪 チーズ|water eau 水 水|sugar sucre 糖 砂糖|fish poisson 鱼 魚|"
    "bird oiseau 鸟 鳥|house maison 房子 家|window fenêtre 窗户 窓|kitchen cuisine 厨房 台所|"
    "table table 桌子 机|knife couteau 刀 包丁|moon lune 月亮 月|sun soleil 太阳 太陽|"
    "train train 火车 電車|ship bateau 船 船|hotel hôtel 酒店 ホテル"
)
LANGUAGES = ("en", "fr", "zh", "ja")


@pytest.fixture(scope="session")
def small_words() -> WordSet:
    """Twenty nouns: five for examples, one for dev, the rest for the test."""
    rows = [entry.split() for entry in NOUNS.split("|")]
    concepts = []
    for number, row in enumerate(rows):
        split = "train" if number < 5 else "dev" if number == 5 else "test"
        others = [other for place, other in enumerate(rows) if place != number and place > 5]
        wrong = {
            lang: tuple(
                other[place]
                for other in others[number % 7 : number % 7 + 4]
                if other[place] != row[place]
            )[:4]
            for place, lang in enumerate(LANGUAGES)
        }
        concepts.append(
            Concept(
                id=f"{row[0]}-n",
                words=dict(zip(LANGUAGES, row, strict=True)),
                split=split,
                pos="n",
                zipf=dict.fromkeys(LANGUAGES, 3.0 + number / 10),
                distractors=wrong,
                copies=("zh-ja",) if row[2] == row[3] else (),
            )
        )
    return word_set(concepts)


def byte_tokenizer() -> Any:
    """Byte-level BPE without merges: every byte is a token, three to a CJK character."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(letters)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=core)


def metaspace_tokenizer(words: WordSet) -> Any:
    """Word pieces with `▁` for a space, alone before CJK words; begins texts with `<s>`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    latin = {c.words[lang] for c in words.concepts for lang in ("en", "fr")}
    cjk = {c.words[lang] for c in words.concepts for lang in ("zh", "ja")}
    text = "Please translate words from English French Chinese Japanese to . : \n".split(" ")
    pieces = ["<unk>", "<s>", "▁", "\n", ":", ".", "s"]
    pieces += sorted({f"▁{w}" for w in [*latin, *text] if w} | latin | cjk | {w for w in text if w})
    pieces += sorted({c for w in [*latin, *cjk, *text] for c in w})
    vocab = [(piece, -1.0 if len(piece) > 1 else -5.0) for piece in dict.fromkeys(pieces)]
    core = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=False))
    core.normalizer = normalizers.Replace(" ", "▁")
    core.pre_tokenizer = pre_tokenizers.Split("\n", "isolated")
    core.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", unk_token="<unk>")


def whole_words_tokenizer(words: WordSet) -> Any:
    """The metaspace tokenizer, which also has every word with a capital in one piece."""
    capitals = [
        concept.model_copy(
            update={
                "id": concept.id.upper(),
                "words": {lang: word.capitalize() for lang, word in concept.words.items()},
            }
        )
        for concept in words.concepts
    ]
    return metaspace_tokenizer(WordSet((*words.concepts, *capitals), "capitals"))


def merging_tokenizer() -> Any:
    """Bytes with merges that cross the seam: `: ` is one token, and so is ` c`."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {c: i for i, c in enumerate([*letters, ":Ġ", "Ġc", ":Ġc"])}
    core = Tokenizer(models.BPE(vocab=vocab, merges=[(":", "Ġ"), ("Ġ", "c")]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return PreTrainedTokenizerFast(tokenizer_object=core)


def tiny_network(kind: str, vocab_size: int, seed: int = 0) -> Any:
    """A causal model of two small layers with random weights."""
    import torch
    from transformers import (
        Gemma3ForCausalLM,
        Gemma3TextConfig,
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
    )

    torch.manual_seed(seed)
    if kind == "gpt2":  # learned absolute positions
        return GPT2LMHeadModel(
            GPT2Config(vocab_size=vocab_size, n_embd=32, n_layer=2, n_head=2, n_positions=2048)
        )
    shape = {
        "vocab_size": vocab_size,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }
    if kind == "gemma3":  # one layer with a sliding window shorter than the prompt
        layers = ["sliding_attention", "full_attention"]
        return Gemma3ForCausalLM(
            Gemma3TextConfig(**shape, head_dim=16, sliding_window=24, layer_types=layers)
        )
    return LlamaForCausalLM(LlamaConfig(**shape))


@pytest.fixture
def more_dev(small_words: WordSet) -> WordSet:
    """The small words with three concepts for choices."""
    return WordSet(
        tuple(
            concept.model_copy(update={"split": "dev"})
            if concept.id in ("fish-n", "moon-n", "knife-n")
            else concept
            for concept in small_words.concepts
        ),
        "small",
    )


@pytest.fixture
def tiny_model(small_words: WordSet, tmp_path: Path) -> Any:
    """A loaded model with random weights and the metaspace tokenizer."""
    return loaded("llama", metaspace_tokenizer(small_words))


def loaded(kind: str, tokenizer: Any, seed: int = 0) -> Any:
    """A `LoadedModel` around a tiny network, with weights large enough for clear preferences."""
    import torch

    from pivotmine.model.load import LoadedModel

    network = tiny_network(kind, len(tokenizer), seed).eval()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.mul_(8.0)
    return LoadedModel(
        network, tokenizer, f"tiny-{kind}", f"random-{kind}-{seed}", torch.device("cpu")
    )
