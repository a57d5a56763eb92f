"""The only code that turns a stored location into a path; serves files, ranges, archives."""
