"""What of the talks HR looks after: what they ask, and the pay criteria. Talks, preparations and
records belong to the two of each talk: none of them is registered."""

from dialogues.admin.criteria import CriteriaSetAdmin, CriterionAdmin
from dialogues.admin.templates import TalkTemplateAdmin, TemplateVersionAdmin

__all__ = ["CriteriaSetAdmin", "CriterionAdmin", "TalkTemplateAdmin", "TemplateVersionAdmin"]
