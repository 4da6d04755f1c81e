from dialogues.forms.expectation import ExpectationForm, GiveExpectationForm, WithdrawForm

__all__ = ["ExpectationForm", "GiveExpectationForm", "WithdrawForm"]
