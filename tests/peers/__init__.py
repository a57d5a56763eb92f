"""Programs of others judge what this project writes: ``make test-peers`` installs and runs them."""
