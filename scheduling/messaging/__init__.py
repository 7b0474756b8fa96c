"""Messages to patients: their words, their invitations, and the ways out of the house.

words -> what a message says; itip -> what its calendar part says; adapters -> how it leaves.
What is queued and when is in scheduling.services.
"""
