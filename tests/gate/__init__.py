"""The gate: the pytest plugin, parametrize, verify, and the installed package."""
