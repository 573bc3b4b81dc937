"""The shared cache gives what a plain loop gives."""

from __future__ import annotations

import random

import pytest

from pivotmine.errors import ModelError
from pivotmine.model.scoring.engine import log_probs
from pivotmine.model.scoring.reference import check, log_probs_plain
from pivotmine.model.scoring.shared_cache import Limits
from pivotmine.model.scoring.tokens import Question, tokenize
from pivotmine.model.words.dataset import WordSet
from tests.model.conftest import byte_tokenizer, loaded, merging_tokenizer, metaspace_tokenizer
from tests.model.test_tokens import texts

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

NATS = 2e-4  # float32, answers of up to 20 tokens


def random_questions(seed: int, n: int, n_vocabulary: int) -> list[Question]:
    """Contexts that share a beginning, of several lengths; answers that share beginnings too."""
    draw = random.Random(seed)
    shared = tuple(draw.randrange(n_vocabulary) for _ in range(draw.randrange(1, 40)))
    contexts = [
        shared + tuple(draw.randrange(n_vocabulary) for _ in range(draw.randrange(1, 5)))
        for _ in range(n)
    ]
    starts = [tuple(draw.randrange(n_vocabulary) for _ in range(3)) for _ in range(3)]
    return [
        Question(
            draw.choice(contexts),
            (*draw.choice(starts)[: draw.randrange(4)], draw.randrange(n_vocabulary)),
        )
        for _ in range(3 * n)
    ]


@pytest.mark.parametrize("kind", ["llama", "gemma3", "gpt2"])
def test_random_questions_score_as_in_the_plain_loop(kind: str):
    model = loaded(kind, byte_tokenizer())
    for seed in range(4):
        questions = random_questions(seed, 12, 256)
        fast = log_probs(model, questions, Limits(batch_tokens=150, logit_tokens=7))
        assert fast == pytest.approx(log_probs_plain(model, questions), abs=NATS)


@pytest.mark.parametrize("target", ["fr", "zh", "ja"])
@pytest.mark.parametrize("tokenizer_name", ["bytes", "metaspace", "merging"])
def test_words_score_as_in_the_plain_loop_with_every_tokenizer(
    small_words: WordSet, target: str, tokenizer_name: str
):
    tokenizer = {
        "bytes": byte_tokenizer,
        "metaspace": lambda: metaspace_tokenizer(small_words),
        "merging": merging_tokenizer,
    }[tokenizer_name]()
    model = loaded("gemma3", tokenizer)
    questions = tokenize(tokenizer, texts(small_words, target))
    fast = log_probs(model, questions)
    assert fast == pytest.approx(log_probs_plain(model, questions), abs=NATS)


@pytest.mark.parametrize("limits", [Limits(1, 1), Limits(64, 3), Limits(100_000, 100_000)])
def test_the_bounds_on_memory_do_not_change_results(limits: Limits):
    model = loaded("gemma3", byte_tokenizer())
    questions = random_questions(9, 10, 256)
    assert log_probs(model, questions, limits) == pytest.approx(
        log_probs(model, questions), abs=NATS
    )


def test_padded_batches_of_ten_give_the_same_numbers():
    model = loaded("llama", byte_tokenizer())
    questions = random_questions(5, 10, 256)
    assert log_probs_plain(model, questions, n_batch=10) == pytest.approx(
        log_probs_plain(model, questions), abs=NATS
    )


def test_a_question_may_be_single_or_repeated():
    model = loaded("llama", byte_tokenizer())
    question = Question((1, 2, 3), (4, 5))
    once = log_probs(model, [question])
    assert log_probs(model, [question, question]) == once * 2
    assert once == pytest.approx(log_probs_plain(model, [question]), abs=NATS)


def test_contexts_may_have_no_tokens_in_common():
    model = loaded("gpt2", byte_tokenizer())
    questions = [Question((1, 2), (3,)), Question((4,), (5, 6)), Question((4, 7, 8), (9,))]
    assert log_probs(model, questions) == pytest.approx(log_probs_plain(model, questions), abs=NATS)


def test_probabilities_of_all_next_tokens_sum_to_one():
    model = loaded("llama", byte_tokenizer())
    values = log_probs(model, [Question((1, 2, 3), (token,)) for token in range(256)])
    assert sum(2.718281828459045**value for value in values) == pytest.approx(1.0, abs=1e-4)


def test_nan_in_the_weights_is_an_error_that_names_them():
    model = loaded("llama", byte_tokenizer())
    with torch.no_grad():
        model.network.model.layers[1].mlp.down_proj.weight[0, 0] = float("nan")
    with pytest.raises(ModelError, match="no finite probability for 2 of 2 answers"):
        log_probs(model, [Question((1, 2), (3,)), Question((1, 4), (5, 6))])


def test_a_cache_that_cannot_be_shared_is_detected():
    model = loaded("llama", byte_tokenizer())
    whole = model.network.forward

    def forgetful(*args, past_key_values=None, **kwargs):
        """A model whose answers ignore what is cached."""
        return whole(*args, past_key_values=None, **kwargs)

    questions = [Question((1, 2, 3), (4,)), Question((1, 2, 5), (6,))]
    assert check(model, questions, Limits()) < NATS
    model.network.forward = forgetful
    with pytest.raises(ModelError, match="other numbers than the plain loop"):
        check(model, questions, Limits())


def test_progress_counts_every_context_once():
    model = loaded("llama", byte_tokenizer())
    questions = random_questions(3, 10, 256)
    done: list[int] = []
    log_probs(model, questions, Limits(batch_tokens=120), done.append)
    assert sum(done) == len({question.context for question in questions})
