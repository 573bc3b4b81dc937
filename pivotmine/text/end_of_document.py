"""The id that ends a document in shards, by what the tokenizer itself says.

Only a special token can end a document, because no text produces it: a control piece of a
sentencepiece model, or an added token of a tokenizer.json that has the `special` flag. A piece that
looks like `</s>` and is an ordinary one also stands in texts that spell it.
"""

from __future__ import annotations

import json

from pivotmine.errors import ConfigError, StorageError
from pivotmine.storage.filesystem import open_file
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

CONFIG_NAME = "tokenizer_config.json"
_MOST_NAMES = 12


def end_of_document_id(
    runtime: TokenizerRuntime, named: str | None = None, configured: str | None = None
) -> int | None:
    """Id of the special token that ends a document; None where nothing names one.

    Parameters
    ----------
    named
        The token that the recipe names; it goes before all others.
    configured
        The `eos_token` of the tokenizer's own configuration. It is left aside if it is no special
        token of the tokenizer.

    Raises
    ------
    ConfigError
        The recipe names a token that is not there, or that is no special one.
    """
    special = runtime.special_tokens()
    if named is not None:
        if named not in special:
            what = "an ordinary piece, which texts may hold" if named in runtime.pieces() else ""
            raise ConfigError(
                f"tokenize.end_of_document: {named!r} is {what or 'no piece of the tokenizer'}; "
                f"its special tokens are {names_of(special)}"
            )
        return special[named]
    if configured in special:
        return special[configured]
    return runtime.end_of_document


def names_of(special: dict[str, int]) -> str:
    """Names of special tokens for a message, in the order of their ids."""
    names = sorted(special, key=lambda name: special[name])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return (", ".join(names[:_MOST_NAMES]) or "none") + more


def read_configured_end(tokenizer_uri: str) -> str | None:
    """`eos_token` of the tokenizer_config.json beside a tokenizer file; None where there is none.

    Raises
    ------
    ConfigError
        The file is there and is not a JSON object, or cannot be read.
    """
    folder, slash, _ = tokenizer_uri.rpartition("/")
    uri = f"{folder}{slash}{CONFIG_NAME}"
    try:
        with open_file(uri) as file:
            config = json.load(file)
        token = config.get("eos_token")
    except FileNotFoundError:
        return None
    except (OSError, StorageError, ValueError, AttributeError) as error:
        raise ConfigError(f"{uri} cannot be read: {error}; repair it, or move it away") from error
    # transformers writes a token as its text, or as an object with flags.
    name = token.get("content") if isinstance(token, dict) else token
    return name if isinstance(name, str) else None
