"""Speed, side by side with what a user would run instead. `make bench` runs all of it."""
