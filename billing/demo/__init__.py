"""Money of the invented clinic; every price is an example."""
