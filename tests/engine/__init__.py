"""The command and the engine, driven as a user drives them."""
