"""tgiconik."""
