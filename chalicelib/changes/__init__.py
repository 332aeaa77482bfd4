"""Swaps and covers: who works a shift instead of whom."""
