"""Changes that touch several rows, with who does it named `by`."""

from dialogues.actions.acknowledging import acknowledge_expectation

__all__ = ["acknowledge_expectation"]
