"""The Pulumi program: what is declared on Azure, and nothing else."""
