"""X-ray powder diffraction: azimuthal integration of detector images into patterns."""
