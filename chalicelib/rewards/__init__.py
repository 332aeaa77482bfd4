"""Rewards: a ledger of points, and what people take for them."""
