"""Finding things: words, filters, facets. Every function starts from what the caller may see."""
