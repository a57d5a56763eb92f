"""What a node runs: the task class, its inputs and outputs, and the kinds of tasks."""
