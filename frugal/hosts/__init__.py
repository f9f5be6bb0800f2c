"""What the Pulumi CLI starts: language host, dynamic providers, local provider.

Each ends when its standard input does: the engine holds that pipe, so none outlives an engine that
was killed.
"""
