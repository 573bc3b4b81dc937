"""Train the run's own tokenizer: a sentencepiece unigram model on a balanced sample of the corpus.

A unigram model encodes faster than BPE, and a run trains once but encodes every document. A smaller
seed vocabulary, pruning by half instead of a quarter, and one EM pass a round make training two to
three times as fast, at the same bytes per token within 1 % (docs/results/tokenizer-training.md).

The model is a function of the sample and the settings alone. Two threads would give another model
than one, since sums of floats depend on their order, so training takes one thread.
"""

import io
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import pyarrow as pa
import sentencepiece

from pivotmine.errors import ConfigError, InputError
from pivotmine.lake.tables import TOKENIZER
from pivotmine.text.end_of_document import end_of_document_id
from pivotmine.text.lines import prefix_lines
from pivotmine.text.segments import split_segments
from pivotmine.text.sentencepiece_runtime import LINE_PREFIX_MARK
from pivotmine.text.tokenizer import Tokenizer

logger = logging.getLogger(__name__)

MAX_PIECE_CHARS = 16
# At least six candidates for every piece that is kept.
_SEED_FACTOR = 6
_MIN_SEED_PIECES = 100_000
_SILENT = 3


def train_sentencepiece(
    sample: Iterable[str],
    vocab_size: int,
    *,
    max_sample_bytes: int = 50_000_000,
    character_coverage: float = 0.9995,
) -> bytes:
    """Serialised model of at most `vocab_size` pieces, for `Tokenizer("sentencepiece", model)`.

    `sample` holds whole documents; they are used in their order until `max_sample_bytes` of UTF-8
    are read, and the same documents in the same order give the same bytes. The rest of the
    characters (1 - `character_coverage`) are spelled in bytes. When the sample is too small for
    `vocab_size` the model has fewer pieces, and a warning says how many.

    Memory is about 20 times the sample. Raises `InputError` when the sample has no text,
    `ConfigError` when `vocab_size` is too small to hold its characters.
    """
    lines = _training_lines(sample, max_sample_bytes)
    first = next(lines, None)
    if first is None:
        raise InputError("the sample to train the tokenizer on has no text")
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=chain((first,), lines),
            model_writer=model,
            model_type="unigram",
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            character_coverage=character_coverage,
            byte_fallback=True,
            # The text is taken as it is; `text/lines.py` adds the space that marks a word.
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            user_defined_symbols=["\n"],
            control_symbols=[LINE_PREFIX_MARK],
            split_digits=True,
            split_by_unicode_script=True,
            max_sentencepiece_length=MAX_PIECE_CHARS,
            seed_sentencepiece_size=max(_MIN_SEED_PIECES, _SEED_FACTOR * vocab_size),
            shrinking_factor=0.5,
            num_sub_iterations=1,
            shuffle_input_sentence=False,
            num_threads=1,
            minloglevel=_SILENT,
        )
    except RuntimeError as error:
        raise ConfigError(_why(vocab_size, str(error))) from error
    serialised = model.getvalue()
    n_pieces = sentencepiece.SentencePieceProcessor(model_proto=serialised).get_piece_size()
    if n_pieces < vocab_size:
        logger.warning(
            "the sample supports %d pieces, not the %d of tokenize.vocab_size",
            n_pieces,
            vocab_size,
        )
    return serialised


def balanced_quota(bytes_by_language: Mapping[str, int], total_bytes: int) -> dict[str, int]:
    """How many bytes of each language to sample: equal shares, as far as the corpus has them.

    Water-filling: a language with less than its share gives all it has, and the others share the
    rest. The quotas sum to `total_bytes`, or to the size of the corpus if that is less. A remainder
    goes to the languages first in alphabetical order.
    """
    quota: dict[str, int] = {}
    left = max(total_bytes, 0)
    by_size = sorted(
        bytes_by_language, key=lambda language: (bytes_by_language[language], language)
    )
    for i, language in enumerate(by_size):
        share = left // (len(by_size) - i)
        quota[language] = min(bytes_by_language[language], share)
        left -= quota[language]
    for language in sorted(quota):
        extra = min(left, bytes_by_language[language] - quota[language], 1)
        quota[language] += extra
        left -= extra
    return {language: quota[language] for language in bytes_by_language}


def tokenizer_row(
    tokenizer: Tokenizer, origin: str, named: str | None, configured: str | None = None
) -> pa.RecordBatch:
    """One row of table `tokenizer`; `origin` says where the model comes from.

    `named` and `configured` are as for `end_of_document_id`, which raises `ConfigError`.
    """
    runtime = tokenizer.load()
    row = {
        "tokenizer_id": tokenizer.sha256,
        "kind": tokenizer.kind,
        "vocab_size": runtime.vocab_size,
        "eos_token_id": end_of_document_id(runtime, named, configured),
        "origin": origin,
        "model": tokenizer.model,
    }
    return pa.RecordBatch.from_pylist([row], schema=TOKENIZER.schema)


def _training_lines(sample: Iterable[str], max_bytes: int) -> Iterator[str]:
    """The distinct segments of the sample as the tokenizer will see them, without newlines.

    Each comes once. Otherwise a message on a thousand pages would become one piece, and its words
    would not be tokens.
    """
    left = max_bytes
    seen = {""}
    for text in sample:
        for segment in prefix_lines(split_segments(text)):
            for line in segment.split("\n"):
                left -= len(line.encode("utf-8", "replace"))
                if left < 0:
                    return
                if line not in seen and not line.isspace():
                    seen.add(line)
                    yield line


def _why(vocab_size: int, message: str) -> str:
    too_small = re.search(r"smaller than required_chars\. \d+ vs (\d+)", message)
    if too_small:
        return (
            f"tokenize.vocab_size = {vocab_size} is too small for the sample: its characters, the"
            f" 256 bytes and the control pieces are {too_small[1]}; raise it to several times that"
        )
    return f"tokenize.vocab_size = {vocab_size} cannot be trained on this sample: {message}"
