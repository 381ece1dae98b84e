"""A local page that shows a running stream and changes its temperatures and its camera: `thermalsdk view`."""
