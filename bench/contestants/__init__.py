"""The programs that are measured, each in a process of its own. Nothing of `bench` above is imported by them."""
