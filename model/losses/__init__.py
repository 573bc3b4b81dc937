"""Losses that training and evaluation both measure: aligned segments and held-out text."""
