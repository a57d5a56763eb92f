"""The command line: ``reprise``."""
