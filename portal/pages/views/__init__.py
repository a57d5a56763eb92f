"""The views, by family of pages. Each reads through selectors and writes through services."""
