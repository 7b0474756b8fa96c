"""A believable clinic to look at: the same for the same size, seed, load and start."""

from scheduling.demo.loading import DemoRefused, Loaded, load

__all__ = ["DemoRefused", "Loaded", "load"]
