"""How data arrive: a scan of a folder, a registration by REST."""
