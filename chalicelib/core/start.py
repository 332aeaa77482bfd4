"""The collector waits while a function starts: it would go through all that is loaded, again and again, for nothing."""

import gc

gc.disable()


def over() -> None:
    """Everything is loaded and stays: from here on collect, and leave that alone."""
    gc.freeze()
    gc.enable()
