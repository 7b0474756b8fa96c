"""Money in the demo clinic: everything is invented."""
