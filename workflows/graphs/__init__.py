"""The documents that workflows are written in, and the graphs that are made of them."""
