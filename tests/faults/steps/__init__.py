"""The faults, one small dataclass each.  A script is a list of them."""
