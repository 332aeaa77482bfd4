"""The archive: rows past their retention move to history, by themselves."""
