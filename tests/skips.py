"""Tests that CI may skip, each with its reason. Any other skip fails the run."""

from __future__ import annotations

ALLOWED = {
    "tests/model/test_real_models.py::*gemma3*": "its package downloads 240 MB of weights",
    "tests/model/test_training_train.py::test_weights_and_biases_get_*": "wandb is optional, 60 MB",
    "tests/demo/test_assemble.py": "asks for downloads that a variable names; `make demo` has them",
    "tests/sources/test_listing.py": "CI's user may list every folder",
    "tests/bench/test_html_extraction.py": "the extractors that it compares are of extra `bench`",
    "tests/explore/test_browser.py": "no browser is among the packages of an index",
    "tests/examples/test_airflow.py": "Airflow has its own environment, which a variable names",
    "tests/packaging/test_wheel.py": "one of two tests, by whether the demo's archives are here",
    "tests/test_failures.py": "a small disk is mounted, which takes privileges",
    "tests/test_readme.py": "commands that run stages on a user's own files",
}
"""Pattern of test names (`fnmatch`, with anything behind it) -> why it may be skipped."""


def unlisted(skipped: list[tuple[str, str]]) -> list[str]:
    """Names and reasons of skipped tests that no pattern allows.

    >>> unlisted([("tests/test_readme.py::test_a", "x"), ("tests/test_b.py::test_c", "no torch")])
    ['tests/test_b.py::test_c: no torch']
    """
    from fnmatch import fnmatch

    return [
        f"{name}: {reason}"
        for name, reason in skipped
        if not any(fnmatch(name, f"{pattern}*") for pattern in ALLOWED)
    ]
