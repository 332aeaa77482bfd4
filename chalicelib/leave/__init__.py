"""Leave and exceptions: why somebody does not work as planned."""
