"""What happened in a run, and what is derived from it."""
