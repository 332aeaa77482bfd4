"""How many people are needed when: forecasts, requirements, and what covers them."""
