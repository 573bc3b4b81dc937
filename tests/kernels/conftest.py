"""The first example of a property compiles a kernel: no deadline per example."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("kernels", deadline=None, max_examples=60)
settings.load_profile("kernels")
