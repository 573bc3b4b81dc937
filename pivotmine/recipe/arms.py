"""An arm: one selection of documents."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import model_validator

from pivotmine import plugins
from pivotmine.errors import ConfigError
from pivotmine.recipe.section import Name, OneOf, Section, complete_options

_RENAMED = (
    ("density", "he2025"),
    ("coverage", "links"),
    ("links_coverage", "distinct_links"),
)
"""Methods whose names are those of their scores now."""


class ArmConfig(Section):
    """One selection of documents, to become one training set."""

    name: Name
    """Name of the arm, and of its shard folder."""

    method: Annotated[str, OneOf(plugins.selection_methods, _RENAMED)]
    """A score, to take the documents with the highest: he2025 (share of pivot tokens, He et al.
    2025), entropy (mixture of languages), links (share of tokens with a linked partner in the same
    context), translation (density of the best block of text beside its translation). Or another
    method: random (any documents); distinct_links (documents that together realise most distinct
    links for their tokens); length_matched (any documents, with as many tokens of each language
    and length, within a factor of 2, as arm `reference`); oracle (any of the documents that `truth`
    lists); links_broken (the documents of `reference`; in the shards, segments of all but the first
    language of a document change places with others of their language)."""

    options: dict[str, Any] = {}
    """Options of a method that a plugin adds."""

    reference: Name | None = None
    """Arm whose lengths (length_matched) or documents (links_broken) this one takes over."""

    tokens_of: Name | None = None
    """Arm whose tokens of each language (and pair) are this arm's budget, instead of the shares
    below: for comparison with arms that cannot spend their shares."""

    truth: str | tuple[str, ...] = ()
    """oracle: Parquet file with a column doc_id or uri, or a list of ids and URIs of documents."""

    truth_where: str = "true"
    """oracle: condition on columns of that file, in Spark SQL, such as kind = 'parallel'."""

    placement: Literal["shuffled", "late", "early"] = "shuffled"
    """Order of the arm: shuffled as a whole, or with the documents of select.placement at its end
    or beginning."""

    @model_validator(mode="before")
    @classmethod
    def _options_are_complete(cls, values: Any) -> Any:
        """Adds the defaults of the options that a plugin's method has."""
        method = values.get("method") if isinstance(values, dict) else None
        if not isinstance(method, str) or method not in plugins.SELECTIONS:
            return values
        try:
            given = {method: values.get("options") or {}}
            found = complete_options(plugins.SELECTIONS, [method], given)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return {**values, "options": found.get(method, {})}

    @model_validator(mode="after")
    def _settings_belong_to_the_method(self) -> ArmConfig:
        if self.method in plugins.SCORES and self.options:
            raise ValueError(f"options of score {self.method} are set by score.options")
        for setting in ("reference", "truth"):
            methods = [
                name
                for name in plugins.SELECTIONS.names()
                if setting in plugins.SELECTIONS.facts(name).needs
            ]
            if (self.method in methods) != bool(getattr(self, setting)):
                raise ValueError(
                    f"arm {self.name}: `{setting}` belongs to method{'s' * (len(methods) > 1)} "
                    f"{' and '.join(methods)}"
                )
        if self.tokens_of and self.reference:
            raise ValueError(
                f"arm {self.name}: its tokens are those of its `reference`, so `tokens_of` has no "
                "meaning"
            )
        return self

    @property
    def needs(self) -> set[str]:
        """Arms that this one is made from."""
        return {name for name in (self.reference, self.tokens_of) if name}
