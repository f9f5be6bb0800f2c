"""The Pulumi program: the declaration of the Azure resources."""
