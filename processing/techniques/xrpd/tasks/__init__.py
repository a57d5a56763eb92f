"""Tasks of powder diffraction; modules, classes, inputs and outputs have the names of ewoksxrpd."""
