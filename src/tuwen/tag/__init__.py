"""Words for pictures: labels chosen by what they say, or learned from labelled pictures (`tuwen tag`)."""

from tuwen.tag.evaluating import Evaluation
from tuwen.tag.job import METHODS
from tuwen.tag.prompts import TEMPLATES, read_templates
from tuwen.tag.run import Tagged, tag
from tuwen.tag.vocabulary import Label, Vocabulary
from tuwen.tag.writing import check_key, keep, write

__all__ = [
    "METHODS",
    "TEMPLATES",
    "Evaluation",
    "Label",
    "Tagged",
    "Vocabulary",
    "check_key",
    "keep",
    "read_templates",
    "tag",
    "write",
]
