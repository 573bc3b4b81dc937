"""Evaluations of a model beside the word task: segments, layers, held-out text, benchmarks."""
