"""How a function can be called: names first, then everything that fits."""
