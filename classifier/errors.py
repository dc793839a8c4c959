"""The errors: what a user can cause, each with where, what is wrong and what to do."""


class ClassifierError(Exception):
    """Something the user can mend; the command line prints it as it is."""


class ModelFileError(ClassifierError):
    """A model file was refused."""


class DataError(ClassifierError):
    """Labelled posts cannot be used as they are."""


class InputError(ClassifierError):
    """A text or page to score could not be read or was refused."""
