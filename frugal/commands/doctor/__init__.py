"""`frugal doctor`: report what is missing on this machine or in a subscription, and the remedy."""
