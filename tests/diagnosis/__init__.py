"""The diagnosis: mistakes are named, combinations of them too, and what is unknown is called so."""
