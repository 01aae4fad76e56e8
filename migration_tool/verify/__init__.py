"""The proof: every item compared, every access pattern asked, and a report that says what was checked."""

SAMPLE_CALLS = 10
"""Parameter sets per access pattern, in even distances, where nobody asked for another number."""
