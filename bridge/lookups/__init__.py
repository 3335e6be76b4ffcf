"""Look-up tables that no topic carries: files beside the connector, and queries on a replica."""
