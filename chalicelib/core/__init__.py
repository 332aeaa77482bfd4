"""What every feature stands on; imports nothing of them."""
