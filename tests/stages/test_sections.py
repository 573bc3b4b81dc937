"""A stage runs again for the settings that it uses, and for no others."""

from __future__ import annotations

import pytest

from pivotmine.engine.fingerprint import stage_fingerprint
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.road import ROAD

BY_NAME = {stage.name: stage for stage in ROAD}


def changes(stage: str, setting: str) -> bool:
    """Whether a setting enters the fingerprint of a stage."""
    found = [
        stage_fingerprint(BY_NAME[stage], load_recipe(None, settings), {}, None)
        for settings in ([], [setting])
    ]
    return found[0] != found[1]


@pytest.mark.parametrize("stage", ["contexts", "terms", "pivot", "score"])
@pytest.mark.parametrize("setting", ["sketch_bytes", "max_shuffle_bytes", "merge_bytes"])
def test_how_counts_are_summed_concerns_counting_alone(stage, setting):
    assert not changes(stage, f"count.{setting}=12345678")
    assert changes("count", f"count.{setting}=12345678")


@pytest.mark.parametrize(
    ("stage", "settings"),
    [
        (
            "contexts",
            (
                "context=document",
                "window_tokens=99",
                "min_language_share=0.2",
                "min_count=9",
                "max_line_documents=7",
                "max_repeated_lines=99",
                "folds=7",
                "chunk_tokens=1000",
            ),
        ),
        ("terms", ("window_tokens=99", "min_language_share=0.2")),
        ("pivot", ("min_count=9", "folds=7")),
        (
            "score",
            ("context=document", "window_tokens=99", "min_language_share=0.2", "min_count=9"),
        ),
    ],
)
def test_settings_that_a_stage_uses_make_it_run_again(stage, settings):
    for setting in settings:
        assert changes(stage, f"count.{setting}"), setting
