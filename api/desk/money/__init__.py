"""Money as the desk shows it."""
