"""What goes in and out, with a help text and the unit for each field."""
