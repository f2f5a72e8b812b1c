"""Speed, compared with the programs that a user would run instead. `make bench` runs all of it."""
