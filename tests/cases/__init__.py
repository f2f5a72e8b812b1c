"""How configurations come to be: the grid's pairs, and what is drawn for each."""
