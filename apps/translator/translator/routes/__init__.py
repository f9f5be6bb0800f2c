"""What the app answers, one file for each kind of caller."""
