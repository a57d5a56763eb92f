"""Reading HDF5 for the web server: in a process of its own, which can see one dataset and nothing else."""
