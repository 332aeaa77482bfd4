"""Reports: what the floor planned, did and lost, in the figures that domain.md defines."""
