"""What is done with money: verbs, each one transaction."""
