"""The diagnosis names mistakes and combinations of them, and says when a mistake is unknown."""
