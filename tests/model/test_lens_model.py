"""The lens on tiny networks: states, read-out, hooks and ablation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pivotmine.errors import InputError, ModelError
from pivotmine.model.lens.ablation import Ablation, ablate
from pivotmine.model.lens.candidates import categories, eligible, n_lone_spaces, word_tokens
from pivotmine.model.lens.lenses import fit
from pivotmine.model.lens.network import check_head, hooked, parts_of
from pivotmine.model.lens.readout import Readings, read, read_states
from pivotmine.model.scoring.shared_cache import Limits
from pivotmine.model.words.dataset import Direction, WordSet, pivot_of
from tests.model.conftest import byte_tokenizer, loaded, whole_words_tokenizer

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

LIMITS = Limits(200, 8)
KINDS = ["llama", "gemma3", "gpt2"]


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def contexts(seed: int = 0, n: int = 6) -> list[tuple[int, ...]]:
    generator = np.random.default_rng(seed)
    shared = tuple(generator.integers(0, 256, 20).tolist())
    return [shared + tuple(generator.integers(0, 256, 2 + i % 3).tolist()) for i in range(n)]


def all_words(words: WordSet) -> list[str]:
    found = {word for concept in words.concepts for word in concept.words.values()}
    return sorted(found | {w for c in words.concepts for g in c.distractors.values() for w in g})


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_those_of_the_model_and_the_last_gives_its_logits(kind: str):
    model = loaded(kind, byte_tokenizer())
    parts = parts_of(model)
    asked = contexts()
    states = read_states(model, parts, asked, LIMITS)
    for context, mine in zip(asked, states, strict=True):
        with torch.inference_mode():
            out = model.network(torch.tensor([context]), output_hidden_states=True)
        middle = out.hidden_states[1][0, -1]  # after the first of two blocks
        assert mine[0].tolist() == pytest.approx(middle.tolist(), rel=1e-3, abs=1e-3)
        logits = parts.logits(mine[-1][None])[0]
        assert logits.tolist() == pytest.approx(out.logits[0, -1].tolist(), rel=1e-3, abs=1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_hooks_are_removed_after_an_exception(kind: str):
    model = loaded(kind, byte_tokenizer())
    parts = parts_of(model)
    with pytest.raises(KeyboardInterrupt), hooked(dict.fromkeys(parts.layers, lambda _: None)):
        raise KeyboardInterrupt
    with pytest.raises(AttributeError):
        read_states(model, parts, contexts(), LIMITS, advance=None.missing)  # type: ignore
    read_states(model, parts, contexts(), LIMITS)
    assert all(not layer._forward_hooks for layer in parts.layers)


def test_a_model_that_does_more_after_its_last_block_is_refused():
    parts = parts_of(loaded("llama", byte_tokenizer()))
    state = torch.randn(2, 32)
    logits = parts.logits(state)
    check_head(parts, state, logits)
    with pytest.raises(ModelError, match="do not give the model's own logits"):
        check_head(parts, state, logits * 2)


def test_a_network_without_known_parts_is_an_error_that_names_it():
    model = loaded("llama", byte_tokenizer())
    del model.network.model.norm
    with pytest.raises(InputError, match="no lens for LlamaForCausalLM"):
        parts_of(model)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tokens_direction_is_the_gradient_of_its_logit(kind: str):
    """Logits of a state of unit size, less those of its opposite, are products with directions."""
    model = loaded(kind, byte_tokenizer())
    with torch.no_grad():
        for weight in parts_of(model).norm.parameters():
            weight.copy_(torch.rand_like(weight))
    parts = parts_of(model)
    state = torch.randn(32, generator=torch.Generator().manual_seed(0))
    state = (state - state.mean()) / state.std(correction=0)
    difference = (parts.logits(state[None]) - parts.logits(-state[None]))[0] / 2
    found = [float(parts.direction(token) @ state) for token in range(256)]
    assert found == pytest.approx(difference.tolist(), abs=1e-2)


def test_readings_are_the_softmax_of_the_logits(small_words: WordSet):
    tokenizer = whole_words_tokenizer(small_words)
    model = loaded("llama", tokenizer)
    parts = parts_of(model)
    tokens = word_tokens(tokenizer, all_words(small_words))
    direction = Direction("fr", "zh")
    watched = [
        categories(c, direction, small_words.concepts, small_words.languages, tokens, 3, 2)
        for c in small_words.concepts[:4]
    ]
    states = np.random.default_rng(0).normal(size=(4, 2, 32)).astype(np.float32)
    found = Readings(read(parts, tokenizer, states, watched, 3, LIMITS))
    for place, item in enumerate(watched):
        shares = parts.logits(torch.from_numpy(states[place])).softmax(-1)
        for name, ids in item.tokens.items():
            mine = np.exp(found.log_mass[name][place])
            assert mine == pytest.approx(shares[:, list(ids)].sum(-1).numpy(), rel=1e-3)
        ids = list(item.tokens["word:en"])
        best = shares[:, ids].amax(-1, keepdim=True)
        assert found.rank["word:en"][place].tolist() == ((shares > best).sum(-1) + 1).tolist()
        assert found.top_token[place, :, 0].tolist() == shares.argmax(-1).tolist()
    assert found.concepts == [item.concept.id for item in watched]


def test_a_lens_on_nan_is_an_error(small_words: WordSet):
    tokenizer = whole_words_tokenizer(small_words)
    parts = parts_of(loaded("llama", tokenizer))
    tokens = word_tokens(tokenizer, all_words(small_words))
    item = categories(
        small_words.concepts[0], Direction("fr", "zh"), small_words.concepts, ("en",), tokens, 1, 1
    )
    with pytest.raises(ModelError, match="no finite probability"):
        read(parts, tokenizer, np.full((1, 2, 32), np.nan, np.float32), [item], 3, LIMITS)


def test_a_word_is_seen_with_and_without_a_space_and_with_a_capital(small_words: WordSet):
    tokenizer = whole_words_tokenizer(small_words)
    tokens = word_tokens(tokenizer, ["dog", "狗"])
    shown = {tokenizer.convert_ids_to_tokens(token) for token in tokens["dog"]}
    assert {"dog", "▁dog"} <= shown
    assert {tokenizer.convert_ids_to_tokens(token) for token in tokens["狗"]} == {"狗"}


def test_a_byte_of_a_character_is_no_token_of_its_word():
    tokens = word_tokens(byte_tokenizer(), ["狗", "dog"])
    assert tokens["狗"] == ()
    assert tokens["dog"]


def test_lone_spaces_are_part_of_the_context_not_of_the_answer(small_words: WordSet):
    tokenizer = whole_words_tokenizer(small_words)
    ids = tuple(tokenizer(" 狗", add_special_tokens=False)["input_ids"])
    assert n_lone_spaces(tokenizer, ids) == 1
    assert n_lone_spaces(tokenizer, ids[:1]) == 0  # never all of the answer


def test_controls_are_other_concepts_near_in_frequency_and_share_no_token(small_words: WordSet):
    tokenizer = whole_words_tokenizer(small_words)
    tokens = word_tokens(tokenizer, all_words(small_words))
    numbers = []
    for concept in small_words.concepts:
        found = categories(
            concept,
            Direction("fr", "zh"),
            small_words.concepts,
            small_words.languages,
            tokens,
            3,
            2,
        ).tokens
        own = {t for name, ids in found.items() if name.startswith("word:") for t in ids}
        others = [set(ids) for name, ids in found.items() if name.startswith("control:en:")]
        assert not any(own & ids for ids in others)
        assert len(set().union(*others)) == sum(map(len, others))
        assert all(len(ids) == len(found["word:en"]) for ids in others)
        numbers.append(len(others))
    assert max(numbers) == 3


def test_words_that_share_a_token_are_not_used(small_words: WordSet):
    tokens = word_tokens(whole_words_tokenizer(small_words), all_words(small_words))
    asked = {c.id for c in eligible(small_words.concepts, Direction("fr", "zh"), tokens, "en")}
    assert "dog-n" in asked
    assert not {"table-n", "train-n"} & asked  # the same word in English and French
    copies = {c.id for c in eligible(small_words.concepts, Direction("zh", "ja"), tokens, "en")}
    assert "cat-n" not in copies


def test_the_pivot_is_english_or_else_a_third_language():
    assert pivot_of(Direction("fr", "zh"), ("en", "fr", "zh", "ja")) == "en"
    assert pivot_of(Direction("en", "zh"), ("en", "fr", "zh", "ja")) == "fr"
    with pytest.raises(InputError, match="needs a third language"):
        pivot_of(Direction("en", "fr"), ("en", "fr"))


def ablated(model: Any, words: WordSet, layers: tuple[int, ...]) -> dict[tuple[str, str], float]:
    tokenizer = model.tokenizer
    parts = parts_of(model)
    tokens = word_tokens(tokenizer, all_words(words))
    direction = Direction("fr", "zh")
    concepts = eligible(words.concepts, direction, tokens, "en")[:5]
    watched = [
        categories(c, direction, words.concepts, words.languages, tokens, 2, 2) for c in concepts
    ]
    asked = [tuple(tokenizer(f"French: {c.words['fr']}\nChinese:")["input_ids"]) for c in concepts]
    statistics = fit(read_states(model, parts, asked, LIMITS).numpy())
    table = ablate(
        model, parts, asked, watched, [statistics] * 5, Ablation("en", "zh", layers, 2), LIMITS
    )
    return {(row["concept"], row["condition"]): row["drop"] for row in table.to_pylist()}


@pytest.mark.parametrize("kind", KINDS)
def test_ablating_changes_the_answer_and_leaves_no_hook(kind: str, small_words: WordSet):
    model = loaded(kind, whole_words_tokenizer(small_words))
    drops = ablated(model, small_words, (0,))
    conditions = {condition for _, condition in drops}
    assert {"pivot", "control:0", "matched:0", "near:1"} <= conditions
    assert any(abs(drop) > 1e-4 for drop in drops.values())
    assert all(not layer._forward_hooks for layer in parts_of(model).layers)
    assert drops == ablated(model, small_words, (0,))


def test_ablating_no_layer_measures_nothing(small_words: WordSet):
    assert ablated(loaded("llama", whole_words_tokenizer(small_words)), small_words, ()) == {}


def test_a_target_that_is_read_off_the_pivots_direction_falls_with_it(small_words: WordSet):
    """A planted pivot: the last block turns the pivot's direction into the target's."""
    model = loaded("llama", whole_words_tokenizer(small_words))
    parts = parts_of(model)
    tokens = word_tokens(model.tokenizer, all_words(small_words))
    last = parts.layers[-1]
    last.self_attn.o_proj.weight.zero_()  # the block itself adds nothing
    last.mlp.down_proj.weight.zero_()
    planted = eligible(small_words.concepts, Direction("fr", "zh"), tokens, "en")[0]
    english, chinese = (
        torch.stack([parts.direction(token) for token in tokens[planted.words[lang]]]).mean(0)
        for lang in ("en", "zh")
    )

    def turn(_module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        amount = (output @ (english / english.norm()))[..., None]
        return output + 3 * amount * chinese / chinese.norm()

    handle = last.register_forward_hook(turn)
    drops = ablated(model, small_words, (0,))
    handle.remove()
    size = {
        kind: np.mean([abs(drops[planted.id, name]) for name in names])
        for kind, names in {
            "pivot": ("pivot",),
            "matched": ("matched:0", "matched:1"),
        }.items()
    }
    assert size["pivot"] > 3 * size["matched"]
