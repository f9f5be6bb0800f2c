"""Executables that the Pulumi CLI starts: the language host and the azure-native plugin.

Each ends when its standard input does: the engine holds that pipe, so none outlives an engine that
was killed.
"""
