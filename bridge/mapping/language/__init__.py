"""The language of expressions: its syntax, its operators and its library, apart from what they are asked of."""
