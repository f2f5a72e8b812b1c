"""Implementations as their authors left them. (The table follows.)"""
