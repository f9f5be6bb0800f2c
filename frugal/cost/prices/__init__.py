"""The price table: Azure's price of each meter and region, with date and source."""
