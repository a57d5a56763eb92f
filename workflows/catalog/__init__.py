"""Which tasks and workflows there are, and how one is found by its name."""
