"""The pages: HTML for people, htmx fragments for what moves."""
