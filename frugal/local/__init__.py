"""The environment `local` on this machine: the Pulumi CLI, the engine's runs, the daemon."""
