"""What people and programs read: one file for each kind of output."""
