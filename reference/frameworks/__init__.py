"""The frameworks that a subject is compared with: one package each, imported only when needed."""
