"""A failing case saved, read again, made smaller."""
