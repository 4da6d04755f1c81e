"""Plans and follow-ups as documents: what they hold, and how they become PDF and Word files."""
