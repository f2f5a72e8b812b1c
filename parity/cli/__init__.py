"""The commands and the pytest plugin: they parse arguments and call the other packages."""
