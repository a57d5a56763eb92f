"""What was measured and what was made of it: investigations, samples, datasets, files, parameters."""
