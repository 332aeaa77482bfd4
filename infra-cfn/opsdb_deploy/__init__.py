"""From what app.py declares to what AWS is told: the templates app, edge and watch."""
