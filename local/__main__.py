"""`python -m local` is `opsdb`, where the console script is not installed."""

from local.cli import main

main()
