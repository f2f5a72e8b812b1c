"""How configurations come to be: the pairs of the grid, and the numbers drawn for each."""
