"""The science, and one run of it in isolation; usable without the portal."""
