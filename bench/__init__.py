"""What is measured, against what. `python -m bench --help`; README.md has the numbers."""
