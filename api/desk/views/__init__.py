"""One module a screen; each view parses, permits, calls and renders."""
