"""The techniques; each is self-contained and never imports another."""
