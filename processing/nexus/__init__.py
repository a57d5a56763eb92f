"""The only code that opens HDF5 and detector images: guard, browse, images, writer."""
