"""The one error of the quality engine."""


class QualityError(ValueError):
    """The data does not allow what was asked for; the text is a sentence for humans."""
