"""The verdict: compared, ruled by exact values, asked in other ways, trained."""
