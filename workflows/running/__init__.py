"""One run of a workflow: made ready, scheduled, and its results."""
