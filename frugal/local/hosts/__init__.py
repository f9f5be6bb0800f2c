"""Executables that the Pulumi CLI starts: the language host and the azure-native plugin.

Each ends at the end of its standard input, a pipe that the engine holds, so none outlives a killed
engine.
"""
