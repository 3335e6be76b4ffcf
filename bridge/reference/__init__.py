"""The reference of the connector: its pages and its schema, made from the models, and an example for each key."""
