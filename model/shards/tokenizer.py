"""The tokenizer that shards were made with, compared with a model's tokenizer.

Token ids of another tokenizer are noise to a model, and a training loss falls on noise too. So the
two tokenizers are compared before anything is trained or measured. They count as the same if they
encode probe sentences alike, in the scripts that the engine knows.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from pivotmine.errors import InputError
from pivotmine.model.load import LoadedModel
from pivotmine.model.shards.stream import Stream, TokenizerFile
from pivotmine.text.tokenizer import Tokenizer

PROBES = (
    "The cat sat on the mat, 1984.",
    "Le garçon mangeait une pomme à Noël.",
    "猫在垫子上。我们明天见面。",
    "猫がマットの上に座った。",
    "Ωραία μέρα σήμερα, גם מחר.",
)
"""Sentences that two tokenizers must encode alike."""


def check_tokenizer(model: LoadedModel, stream: Stream) -> None:
    """Raise `InputError` if the shards were not made with the model's tokenizer."""
    n_rows = model.network.get_input_embeddings().weight.shape[0]
    if stream.vocab_size > n_rows:
        raise InputError(
            f"shards {stream.name} have ids up to {stream.vocab_size - 1:,}, but {model.name} has "
            f"{n_rows:,} tokens: set tokenize.tokenizer of the corpus's recipe to the model's "
            "tokenizer.json, and run it again"
        )
    kind = cast(Literal["sentencepiece", "huggingface"], stream.tokenizer.kind)
    theirs = Tokenizer(kind, stream.tokenizer.content).load()
    for text in PROBES:
        mine = model.tokenizer(text, add_special_tokens=False)["input_ids"]
        other = theirs.encode_segments([text])[0].tolist()
        if list(mine) != other:
            raise InputError(
                f"shards {stream.name} were tokenised by another tokenizer "
                f"({stream.tokenizer.sha256[:12]}) than {model.name} has: {text!r} is {other[:8]} "
                f"there and {list(mine)[:8]} here. Set tokenize.tokenizer of the corpus's recipe "
                "to the model's tokenizer.json, and run it again"
            )


def transformers_tokenizer(file: TokenizerFile) -> Any:
    """The shards' tokenizer as a fast tokenizer of transformers.

    None for sentencepiece models, which transformers cannot use as they are.
    """
    if file.kind != "huggingface":
        return None
    from tokenizers import Tokenizer as Core
    from transformers import PreTrainedTokenizerFast

    from pivotmine.text.huggingface_runtime import without_randomness

    core = Core.from_str(without_randomness(file.content).decode())
    runtime = Tokenizer("huggingface", file.content).load()
    special = runtime.special_tokens()
    known = {"unk_token": "<unk>"} if "<unk>" in special else {}
    if runtime.end_of_document is not None:
        known["eos_token"] = {n: name for name, n in special.items()}[runtime.end_of_document]
    return PreTrainedTokenizerFast(tokenizer_object=core, **known)
