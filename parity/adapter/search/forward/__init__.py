"""Ways to ask for states and scores: objects, their arrays, functions, and what they answer."""
