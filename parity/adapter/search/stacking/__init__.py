"""Layers and directions, and what an earlier case leaves behind."""
