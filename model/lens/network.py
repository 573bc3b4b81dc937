"""The parts of a network that a lens needs, and hooks that are always removed.

Hooks are used instead of `output_hidden_states`, because the last of those states is already
normed (a lens would norm it twice) and editing needs hooks anyway. A decoder layer of transformers
5 returns a tensor; in earlier versions it returns a tuple that begins with one. Both are handled,
because `output[0]` of a tensor is silently the first row of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pivotmine.errors import InputError, ModelError
from pivotmine.model.load import LoadedModel

if TYPE_CHECKING:
    import torch

_LAYERS = ("layers", "h", "blocks")
_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm", "norm_f", "layer_norm")
_INNER = ("decoder", "language_model")
"""The text model within a model of several parts."""

HEAD_TOLERANCE = 1e-2
"""Largest difference between the lens on the last layer and the model's own logits, relative to the
largest logit, that counts as rounding."""


@dataclass(frozen=True)
class Parts:
    """Blocks, final norm and unembedding of a causal model."""

    layers: tuple[Any, ...]
    norm: Any
    head: Any
    softcap: float | None
    """If set, logits are softcap * tanh(logits / softcap)."""
    scale: float = 1.0
    """Factor of the logits, before the cap."""

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Logits [..., vocabulary] of states [..., width] of the residual stream."""
        logits = self.head(self.norm(states)) * self.scale
        if self.softcap:
            logits = self.softcap * (logits / self.softcap).tanh()
        return logits

    def direction(self, token: int) -> torch.Tensor:
        """The direction [width] of the residual stream that raises a token's logit most.

        The final norm multiplies each coordinate by a gain before the unembedding. Applying the
        norm to a vector of +1 and -1 (mean 0, mean square 1) gives the gain of both RMS norms and
        layer norms.
        """
        return self.gain() * self.head.weight[token].float()

    def mean_direction(self) -> torch.Tensor:
        """The mean [width] of all tokens' directions."""
        return self.gain() * self.head.weight.mean(0).float()

    def gain(self) -> torch.Tensor:
        """The factor of the final norm for each coordinate, [width]."""
        import torch

        weight = self.head.weight
        signs = torch.ones(1, weight.shape[1], dtype=weight.dtype, device=weight.device)
        signs[:, ::2] = -1
        return ((self.norm(signs) - self.norm(-signs)) / 2 * signs)[0].float()


def parts_of(model: LoadedModel) -> Parts:
    """Find the parts of a transformer from transformers.

    Raises
    ------
    InputError
        The names of the network's blocks or final norm are not known here.
    """
    base = getattr(model.network, "base_model", model.network)
    for name in _INNER:
        base = getattr(base, name, base)
    layers = next((getattr(base, name) for name in _LAYERS if hasattr(base, name)), None)
    norm = next((getattr(base, name) for name in _NORMS if hasattr(base, name)), None)
    head = model.network.get_output_embeddings()
    if layers is None or norm is None or head is None:
        raise InputError(
            f"{model.name}: no lens for {type(model.network).__name__}: its blocks "
            f"({', '.join(_LAYERS)}), final norm ({', '.join(_NORMS)}) or unembedding is not found"
        )
    config = model.network.config.get_text_config()
    softcap = getattr(config, "final_logit_softcapping", None)
    # Cohere multiplies logits by one setting, Granite divides them by another.
    scale = getattr(config, "logit_scale", None) or 1.0
    scale /= getattr(config, "logits_scaling", None) or 1.0
    return Parts(tuple(layers), norm, head, softcap, scale)


@contextmanager
def hooked(edits: Mapping[Any, Callable[[torch.Tensor], torch.Tensor | None]]) -> Iterator[None]:
    """Call a function with each module's output [rows, tokens, width]; it may return another one.

    The hooks are removed when the block is left, also after an exception.
    """
    with ExitStack() as stack:
        for module, edit in edits.items():
            stack.callback(module.register_forward_hook(_hook(edit)).remove)
        yield


def check_head(parts: Parts, state: torch.Tensor, logits: torch.Tensor) -> None:
    """Check that the lens on the last layer [rows, width] gives the model's [rows, vocabulary].

    Raises
    ------
    ModelError
        They differ by more than rounding.
    """
    mine = parts.logits(state).float()
    difference = float((mine - logits.float()).abs().max())
    scale = float(logits.abs().max())
    if not difference <= HEAD_TOLERANCE * max(scale, 1.0):
        raise ModelError(
            f"final norm and unembedding do not give the model's own logits (they differ by "
            f"{difference:.3g} of {scale:.3g}): this architecture does more after its last block"
        )


def _hook(edit: Callable[[torch.Tensor], torch.Tensor | None]) -> Callable[..., Any]:
    def hook(_module: Any, _inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            changed = edit(output[0])
            return None if changed is None else (changed, *output[1:])
        return edit(output)

    return hook
