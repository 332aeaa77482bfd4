"""The plan: who should work when."""
