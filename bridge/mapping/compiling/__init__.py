"""From the texts of a connector to readers, conditions and plans, with every problem at its place."""
