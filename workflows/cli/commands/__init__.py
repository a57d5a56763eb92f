"""The commands of ``reprise``, one module each."""
